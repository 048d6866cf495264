import jakarta.servlet.FilterChain;
import jakarta.servlet.ServletException;
import jakarta.servlet.http.HttpFilter;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletRequestWrapper;
import jakarta.servlet.http.HttpServletResponse;
import jakarta.servlet.http.HttpUpgradeHandler;
import java.io.IOException;
import java.security.Principal;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Stream;
import org.apache.coyote.http11.upgrade.UpgradeInfo;
import org.apache.tomcat.websocket.server.WsHttpUpgradeHandler;

/** Stands before the upgrade: the description for everybody, and the endpoint for those with a token. */
class Door extends HttpFilter {
  private static final String BEARER = "bearer ";

  @Override
  protected void doFilter(HttpServletRequest request, HttpServletResponse response, FilterChain chain)
      throws IOException, ServletException {
    if (request.getRequestURI().equals("/.well-known/im-ran")) {
      response.setContentType("application/json");
      response.getOutputStream().write(Packets.JSON.writeValueAsBytes(Hub.DESCRIPTION));
      return;
    }
    String who = authenticate(request);
    if (who == null) {
      response.setHeader("WWW-Authenticate", "Bearer");
      response.sendError(HttpServletResponse.SC_UNAUTHORIZED);
    } else if (!offersProtocol(request)) { // After the token: a stranger learns nothing more (IM-1-2).
      response.sendError(HttpServletResponse.SC_BAD_REQUEST, "the subprotocol im.ran.v1 is needed");
    } else {
      chain.doFilter(new Entering(request, new Visitor(who)), response);
    }
  }

  /** Who comes in, as the endpoint finds it in its session. */
  static final class Visitor implements Principal {
    private static final AtomicLong ARRIVALS = new AtomicLong();

    /** The order of the upgrades. The threads that open the endpoints may run in another one. */
    final long arrival = ARRIVALS.incrementAndGet();
    final String user;
    final String device;
    /** Counts every frame that arrives. Jakarta WebSocket shows no incoming pings, and they are signs of life, too (IM-1-17). */
    UpgradeInfo traffic;

    Visitor(String who) {
      this.user = who.substring(0, who.indexOf('/'));
      this.device = who.substring(user.length() + 1);
    }

    @Override
    public String getName() {
      return user + "/" + device;
    }
  }

  private static final class Entering extends HttpServletRequestWrapper {
    private final Visitor visitor;

    Entering(HttpServletRequest request, Visitor visitor) {
      super(request);
      this.visitor = visitor;
    }

    @Override
    public Principal getUserPrincipal() {
      return visitor;
    }

    @Override
    public <T extends HttpUpgradeHandler> T upgrade(Class<T> type) throws IOException, ServletException {
      T handler = super.upgrade(type);
      visitor.traffic = ((WsHttpUpgradeHandler) handler).getUpgradeInfo();
      return handler;
    }
  }

  /** "user/device", as the token names them. A real deployment verifies a signature here. */
  private static String authenticate(HttpServletRequest request) {
    List<String> tokens = Collections.list(request.getHeaders("Authorization")).stream()
        .filter(value -> value.regionMatches(true, 0, BEARER, 0, BEARER.length()))
        .map(value -> value.substring(BEARER.length()).strip())
        .toList();
    if (tokens.isEmpty()) { // A Bearer header decides alone, also when it is bad (IM-1-23).
      String[] values = request.getParameterValues("access_token");
      tokens = values == null ? List.of() : List.of(values);
    }
    if (tokens.size() != 1) return null; // Two tokens in one place are a malformed one.
    String who = tokens.get(0).contains("/") ? tokens.get(0) : tokens.get(0) + "/default";
    return Packets.WHO.matcher(who).matches() ? who : null;
  }

  private static boolean offersProtocol(HttpServletRequest request) {
    return Collections.list(request.getHeaders("Sec-WebSocket-Protocol")).stream()
        .flatMap(value -> Stream.of(value.split(",")))
        .anyMatch(name -> name.strip().equals(Packets.PROTOCOL));
  }
}
