// An IM-RAN 1 server: classes core, timed-redelivery, durable, ordered and flow-control.
//
// main.go opens and closes, connection.go moves frames, server.go decides, state.go remembers, journal.go makes that
// durable, packets.go knows the form of packets.
package main

import (
	"encoding/json"
	"log"
	"net"
	"net/http"
	"os"
	"os/signal"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/gorilla/websocket"
)

var description, _ = json.Marshal(map[string]any{
	"protocol": protocol,
	"classes":  []string{"core", "timed-redelivery", "durable", "ordered", "flow-control"},
	"limits": map[string]int{
		"maxBodyBytes": maxBodyBytes, "maxFrameBytes": maxFrameBytes,
		"maxInFlight": maxInFlight, "maxInboxMessages": maxInboxMessages,
	},
	"timers": map[string]int64{
		"answerWithinMs": 1_000, "redeliverAfterMs": redeliverAfter.Milliseconds(), "redeliverMaxMs": redeliverMax.Milliseconds(),
		"deadAfterMs": deadAfter.Milliseconds(), "dedupWindowMs": dedupWindowMs,
	},
	"durability": "power-loss",
})

func main() {
	folder, port := setting("DATA_DIR", "data"), setting("PORT", "8080")
	if err := os.MkdirAll(folder, 0o700); err != nil {
		log.Fatal(err)
	}
	state := newState()
	journal, err := openJournal(folder, state)
	if err != nil {
		log.Fatal(err)
	}
	s := newServer(state, journal)
	listener, err := net.Listen("tcp", "127.0.0.1:"+port)
	if err != nil {
		log.Fatal(err)
	}

	var open sync.WaitGroup
	routes := http.NewServeMux()
	routes.HandleFunc("/.well-known/im-ran", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write(description)
	})
	routes.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		open.Add(1)
		defer open.Done()
		s.serve(w, r)
	})
	web := &http.Server{Handler: routes, ReadHeaderTimeout: 10 * time.Second}
	go func() { _ = web.Serve(meteredListener{listener, s}) }()
	log.Printf("listening on ws://%s/", listener.Addr())

	stop := make(chan struct{})
	go func() {
		signals := make(chan os.Signal, 1)
		signal.Notify(signals, syscall.SIGTERM, os.Interrupt)
		<-signals
		_ = listener.Close()
		close(stop)
	}()
	s.run(stop)
	waitAtMost(2*goodbye, open.Wait) // For the closes to be read.
}

func setting(name, fallback string) string {
	if value := os.Getenv(name); value != "" {
		return value
	}
	return fallback
}

func waitAtMost(limit time.Duration, wait func()) {
	done := make(chan struct{})
	go func() { wait(); close(done) }()
	select {
	case <-done:
	case <-time.After(limit):
	}
}

var upgrader = websocket.Upgrader{
	Subprotocols: []string{protocol},
	CheckOrigin:  func(*http.Request) bool { return true }, // The token says who it is; there are no cookies to steal.
}

// arrivals counts the upgrades. The goroutines that follow them may run in another order.
var arrivals atomic.Int64

// serve is the whole life of one connection.
func (s *server) serve(w http.ResponseWriter, r *http.Request) {
	user, device, ok := authenticate(r)
	if !ok {
		w.Header().Set("WWW-Authenticate", "Bearer")
		http.Error(w, "a token is needed", http.StatusUnauthorized)
		return
	}
	if !offers(r, protocol) {
		http.Error(w, "the subprotocol im.ran.v1 is needed", http.StatusBadRequest)
		return
	}
	arrival := arrivals.Add(1) // Taken before the client can know that it is in.
	ws, err := upgrader.Upgrade(w, r, nil)
	if err != nil {
		return // The library has answered.
	}
	c := &connection{
		user: user, device: device, arrival: arrival, ws: ws, meter: ws.UnderlyingConn().(*meter),
		outbox: make(chan outgoing, outboxFrames), inFlight: map[string]*push{}, movedAt: s.now(),
	}
	go c.write(s.now)
	s.events <- func() { s.join(c) }
	c.read(
		func(frame []byte) { s.events <- func() { s.onFrame(c, frame) } },
		func(code int, reason string) { s.events <- func() { s.hangUp(c, code, reason) } },
	)
	s.events <- func() { s.hangUp(c, websocket.CloseNormalClosure, "") }
	c.drain()
}

func offers(r *http.Request, protocol string) bool {
	for _, name := range strings.Split(strings.Join(r.Header.Values("Sec-WebSocket-Protocol"), ","), ",") {
		if strings.TrimSpace(name) == protocol {
			return true
		}
	}
	return false
}
