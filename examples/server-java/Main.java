import jakarta.servlet.http.HttpServlet;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;
import java.util.logging.Level;
import java.util.logging.Logger;
import org.apache.catalina.Context;
import org.apache.catalina.connector.Connector;
import org.apache.catalina.startup.Tomcat;
import org.apache.tomcat.util.descriptor.web.FilterDef;
import org.apache.tomcat.util.descriptor.web.FilterMap;
import org.apache.tomcat.websocket.server.WsSci;

/** An IM-RAN 1 server: classes core, timed-redelivery, durable, ordered and flow-control. */
public final class Main {
  /** Kept, because the logging of Java forgets loggers that nobody holds. */
  private static final Logger TOMCAT_LOG = Logger.getLogger("org.apache");

  public static void main(String[] arguments) throws Exception {
    TOMCAT_LOG.setLevel(Level.WARNING);
    int port = Integer.parseInt(System.getenv().getOrDefault("PORT", "8080"));
    Path folder = Files.createDirectories(Path.of(System.getenv().getOrDefault("DATA_DIR", "data")).toAbsolutePath());

    State state = new State();
    Hub hub = new Hub(state, Journal.open(folder, state));
    ImEndpoint.hub = hub;
    Tomcat tomcat = serve(port, folder.resolve("tomcat"));
    Runtime.getRuntime().addShutdownHook(new Thread(() -> {
      tomcat.getConnector().pause();
      hub.submit(hub::hangUpOnEverybody);
      Connection.awaitGoodbyes();
    }));
    if (arguments.length > 0 && arguments[0].equals("--start-and-stop")) System.exit(0); // See run.sh.
    System.out.println("listening on ws://127.0.0.1:" + port + "/");
    try {
      hub.run();
    } catch (Throwable fault) { // To go down and begin again from the journal is safe at any time.
      fault.printStackTrace();
      Runtime.getRuntime().halt(1);
    }
  }

  private static Tomcat serve(int port, Path folder) throws Exception {
    Tomcat tomcat = new Tomcat();
    tomcat.setBaseDir(folder.toString());
    Connector connector = new Connector();
    connector.setPort(port);
    connector.setProperty("address", "127.0.0.1");
    tomcat.setConnector(connector);
    Context context = tomcat.addContext("", null);
    FilterDef door = new FilterDef();
    door.setFilterName("door");
    door.setFilter(new Door());
    context.addFilterDef(door);
    FilterMap everything = new FilterMap();
    everything.setFilterName("door");
    everything.addURLPattern("/*");
    context.addFilterMap(everything);
    context.addServletContainerInitializer(new WsSci(), Set.of(ImEndpoint.class));
    // Filters run only where a servlet stands behind them.
    Tomcat.addServlet(context, "nothing", new HttpServlet() {}).addMapping("/");
    tomcat.start();
    return tomcat;
  }
}
