package main

import (
	"io"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"time"
	"unicode/utf8"

	"github.com/gorilla/websocket"
)

const (
	closeReplaced  = 4409
	closeBadPacket = 4400
	closeTooSlow   = 4413

	outboxFrames = 4096            // room for a window of pushes, and for the answers to a burst of requests
	goodbye      = 1 * time.Second // for a peer that does not answer the close, or does not read it
	writeChunk   = 16 * 1024
)

// push is a msg:N that is out and not acked. Only the loop touches it, but for sentAt.
type push struct {
	message *message
	pause   time.Duration
	// When the last copy was written, in nanoseconds since the server began; 0 while it still waits in the outbox.
	// The timer of a push runs from here. A second copy behind one that waits would help nobody.
	sentAt atomic.Int64
}

// outgoing is a frame with the push that it carries, or the close that ends the connection.
type outgoing struct {
	frame []byte
	push  *push
	close *websocket.CloseError
	ping  bool
}

// connection is one WebSocket. Its reader and its writer are goroutines that never wait for each other (IM-4.2-25).
type connection struct {
	user, device string
	arrival      int64 // in the order of the upgrades
	ws           *websocket.Conn
	meter        *meter // the socket below ws
	outbox       chan outgoing

	// The rest belongs to the loop of the server.
	cursor   int64 // the seq of the last first push: all that follows waits for its turn
	inFlight map[string]*push
	written  int64         // what the meter showed when the timer last looked,
	movedAt  time.Duration // and when that last changed while something was to be written
}

// meter sits between the library and the socket. It notes every sign of life, fragments included (IM-1-17), and how
// many bytes have left, so that a slow reader can be told from one that does not read.
type meter struct {
	net.Conn
	server  *server
	heardAt atomic.Int64
	written atomic.Int64
	writing atomic.Bool
}

func (m *meter) Read(p []byte) (int, error) {
	n, err := m.Conn.Read(p)
	m.heardAt.Store(int64(m.server.now()))
	return n, err
}

func (m *meter) Write(p []byte) (int, error) {
	m.writing.Store(true)
	defer m.writing.Store(false)
	total := 0
	for len(p) > 0 {
		chunk := p
		if len(chunk) > writeChunk {
			chunk = p[:writeChunk]
		}
		n, err := m.Conn.Write(chunk)
		total += n
		m.written.Add(int64(n))
		if err != nil {
			return total, err
		}
		p = p[n:]
	}
	return total, nil
}

type meteredListener struct {
	net.Listener
	server *server
}

func (l meteredListener) Accept() (net.Conn, error) {
	conn, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return &meter{Conn: conn, server: l.server}, nil
}

// authenticate finds the user and the device that the token names: "user" or "user/device". A real deployment
// verifies a signature here.
func authenticate(r *http.Request) (user, device string, ok bool) {
	var tokens []string
	for _, value := range r.Header.Values("Authorization") {
		if scheme, token, found := strings.Cut(value, " "); found && strings.EqualFold(scheme, "Bearer") {
			tokens = append(tokens, strings.TrimSpace(token))
		}
	}
	if len(tokens) == 0 { // The header counts when there is one, whatever the query says (IM-1-23).
		tokens = r.URL.Query()["access_token"]
	}
	if len(tokens) != 1 { // Two tokens in one place are a malformed one.
		return "", "", false
	}
	user, device, found := strings.Cut(tokens[0], "/")
	if !found {
		device = "default"
	}
	return user, device, userForm.MatchString(user) && deviceForm.MatchString(device)
}

// read gives each text frame to handle, until the connection ends.
func (c *connection) read(handle func(frame []byte), hangUp func(code int, reason string)) {
	c.ws.SetReadLimit(maxFrameBytes) // The library closes with 1009 above it.
	for {
		kind, frame, err := c.ws.ReadMessage()
		switch {
		case err != nil:
			return
		case kind == websocket.BinaryMessage:
			hangUp(websocket.CloseUnsupportedData, "text frames only")
		case !utf8.Valid(frame): // The library does not look.
			hangUp(websocket.CloseInvalidFramePayloadData, "not UTF-8")
		default:
			handle(frame)
		}
	}
}

// write is the only one that writes packets. It ends with the close frame, or when the connection is broken.
func (c *connection) write(now func() time.Duration) {
	for out := range c.outbox {
		var err error
		switch {
		case out.close != nil:
			text := websocket.FormatCloseMessage(out.close.Code, out.close.Text)
			_ = c.ws.WriteControl(websocket.CloseMessage, text, time.Now().Add(goodbye)) // It may have ended by itself.
			return
		case out.ping:
			err = c.ws.WriteControl(websocket.PingMessage, nil, time.Now().Add(goodbye))
		default:
			err = c.ws.WriteMessage(websocket.TextMessage, out.frame)
		}
		if err != nil {
			c.abort()
			return
		}
		if out.push != nil {
			out.push.sentAt.Store(int64(now()))
		}
	}
}

// abort ends the connection without a word. A reader or a writer that waits for the peer ends with it.
func (c *connection) abort() { _ = c.meter.Close() }

// queue never waits. It is false when the outbox is full: then the peer does not read.
func (c *connection) queue(out outgoing) bool {
	select {
	case c.outbox <- out:
		return true
	default:
		return false
	}
}

// sayGoodbye closes behind what was sent before. Who does not read is cut off.
func (c *connection) sayGoodbye(code int, reason string) {
	if !c.queue(outgoing{close: &websocket.CloseError{Code: code, Text: reason}}) {
		c.abort()
	}
	time.AfterFunc(2*goodbye, c.abort)
}

func (c *connection) isIdle() bool { return len(c.outbox) == 0 && !c.meter.writing.Load() }

// drain reads what the peer still sends, until it closes. To close a socket with unread bytes makes the system send
// a reset, and the peer would never see the close code.
func (c *connection) drain() {
	_ = c.meter.SetReadDeadline(time.Now().Add(goodbye))
	_, _ = io.Copy(io.Discard, c.meter)
	c.abort()
}
