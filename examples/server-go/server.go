package main

import (
	"log"
	"time"

	"github.com/gorilla/websocket"
)

const (
	maxInFlight      = 64
	maxInboxMessages = 1_000
	maxBatch         = 256
	// Short, so that a test is quick. On mobile networks 5 s and 30 s are better.
	redeliverAfter = 400 * time.Millisecond
	redeliverMax   = 10 * time.Second
	deadAfter      = 1_500 * time.Millisecond
	tickEvery      = 50 * time.Millisecond
	pingEvery      = deadAfter / 3
	tooLong        = deadAfter - 2*tickEvery // so that the tick that sees it is still in time
)

// server has one loop, which owns everything below but events. Between "is it acked?" and "push it" nothing else can
// happen. What it decides is stored first and told afterwards: see run.
type server struct {
	*state
	journal *journal
	events  chan func()
	live    map[string]map[string]*connection // user, device: the one connection that counts
	toSend  []delivery                        // told after the commit
	ticked  time.Duration
	pinged  time.Duration
}

type delivery struct {
	to  *connection
	out outgoing
}

func newServer(s *state, j *journal) *server {
	return &server{state: s, journal: j, events: make(chan func(), maxBatch), live: map[string]map[string]*connection{}}
}

// now is a clock that nobody can set.
func (s *server) now() time.Duration { return time.Since(s.began) }

// run is the loop. Events are taken in batches, one fsync for each batch, and nobody hears of an event before it.
func (s *server) run(stop <-chan struct{}) {
	ticker := time.NewTicker(tickEvery)
	defer ticker.Stop()
	for {
		select {
		case event := <-s.events:
			event()
			for i := 1; i < maxBatch && len(s.events) > 0; i++ {
				(<-s.events)()
			}
		case <-ticker.C:
			s.tick()
		case <-stop:
			for _, c := range s.everybody() {
				s.hangUp(c, websocket.CloseGoingAway, "the server stops")
			}
			s.flush()
			go func() {
				for range s.events { // What still arrives is not answered.
				}
			}()
			return
		}
		if err := s.journal.commit(); err != nil {
			// What the disk holds is not known now. Nobody was told anything, and the next start reads it.
			log.Fatalf("the journal failed: %v", err)
		}
		s.flush()
	}
}

func (s *server) flush() {
	for i := 0; i < len(s.toSend); i++ { // A hangUp adds to it.
		d := s.toSend[i]
		if d.out.close != nil {
			d.to.sayGoodbye(d.out.close.Code, d.out.close.Text)
		} else if !d.to.queue(d.out) {
			s.hangUp(d.to, closeTooSlow, "you do not read")
		}
	}
	s.toSend = s.toSend[:0]
}

func (s *server) send(c *connection, packet any) {
	s.toSend = append(s.toSend, delivery{c, outgoing{frame: encode(packet)}})
}

func (s *server) store(r record) {
	s.apply(r)
	s.journal.append(r)
}

// --- Connections ---

func (s *server) everybody() []*connection {
	var all []*connection
	for _, devices := range s.live {
		for _, c := range devices {
			all = append(all, c)
		}
	}
	return all
}

func (s *server) isLive(c *connection) bool { return s.live[c.user][c.device] == c }

func (s *server) join(c *connection) {
	if s.live[c.user] == nil {
		s.live[c.user] = map[string]*connection{}
	}
	if older := s.live[c.user][c.device]; older != nil && older.arrival > c.arrival { // It opened before the other.
		s.close(c, closeReplaced, "replaced by a newer connection")
		return
	} else if older != nil {
		s.close(older, closeReplaced, "replaced by a newer connection")
	}
	s.live[c.user][c.device] = c
	s.pushWhatWaits(c)
}

func (s *server) close(c *connection, code int, reason string) {
	s.toSend = append(s.toSend, delivery{c, outgoing{close: &websocket.CloseError{Code: code, Text: reason}}})
}

// hangUp also ends what ended by itself. The late end of a connection that was replaced is nobody's leaving (IM-1-13).
func (s *server) hangUp(c *connection, code int, reason string) {
	if !s.isLive(c) {
		return
	}
	s.close(c, code, reason)
	delete(s.live[c.user], c.device)
	if len(s.live[c.user]) == 0 {
		delete(s.live, c.user)
	}
}

// --- Requests ---

func (s *server) onFrame(c *connection, frame []byte) {
	if !s.isLive(c) {
		return // Replaced, or already told to go (IM-1-12).
	}
	r, err := parse(frame)
	switch {
	case err != nil:
		s.hangUp(c, closeBadPacket, err.Error())
	case r.kind == "msg:R":
		s.onMsgR(c, r)
	default:
		s.onAckR(c, r)
	}
}

// onMsgR checks in the order of IM-2-17.
func (s *server) onMsgR(c *connection, r request) {
	a := answer{Type: "msg:A", Rid: r.rid, MsgID: r.msgID, Status: "rejected"}
	known := s.bySender[senderKey{c.user, r.msgID}]
	switch {
	case r.problem != "":
		a.Error = &rejected{"invalid-packet", r.problem}
	case len(r.body) > maxBodyBytes:
		a.Error = &rejected{"body-too-large", "body must be at most 65536 bytes"}
	case known != nil && known.Digest != r.digest():
		a.Error = &rejected{"id-conflict", "this msgId stands for another message"}
	case known != nil:
		a.Status, a.ServerMsgID = "duplicate", known.ServerMsgID
	case len(s.inboxes[r.to]) >= maxInboxMessages:
		a.Error = &rejected{"inbox-full", "the inbox is full, try later"}
	default:
		known = s.newMessage(c.user, r)
		s.store(record{Message: known})
		a.Status, a.ServerMsgID = "accepted", known.ServerMsgID
	}
	s.send(c, a) // Before any receipt (IM-4.2-24).
	switch a.Status {
	case "accepted":
		s.onAccepted(known)
	case "duplicate":
		s.triggerWhatIsMissing(known)
	}
}

func (s *server) onAccepted(m *message) {
	// The server has timers, so the sender needs none from here on, whether the receiver is away or not. A server
	// without timers tells "stored" only when it is away: there the re-sending of the sender repairs a lost push.
	s.tell(m, "stored", m.AcceptedAt)
	for _, c := range s.live[m.To] {
		s.pushWhatWaits(c)
	}
}

// triggerWhatIsMissing makes a re-sending repair: it is never only answered "duplicate" (IM-4.2-9).
func (s *server) triggerWhatIsMissing(m *message) {
	if m.ack != nil {
		s.tell(m, "delivered", m.ack.At)
		return
	}
	s.tell(m, "stored", m.AcceptedAt)
	for _, c := range s.live[m.To] {
		if p := c.inFlight[m.ServerMsgID]; p != nil { // If not, it waits for its turn and goes on waiting.
			s.push(c, p)
		}
	}
}

func (s *server) onAckR(c *connection, r request) {
	a := answer{Type: "ack:A", Rid: r.rid, ServerMsgID: r.serverMsgID, Status: "rejected"}
	m := s.byID[r.serverMsgID]
	switch {
	case r.problem != "":
		a.Error = &rejected{"invalid-packet", r.problem}
	case m == nil || m.To != c.user: // One answer for both (IM-4.2-33).
		a.Error = &rejected{"unknown-message", "no message to you has this id"}
	case m.ack != nil:
		a.Status = "duplicate"
	default:
		a.Status = "ok"
		s.store(record{Ack: s.newAck(m)})
	}
	s.send(c, a)
	if a.Status != "ok" {
		return
	}
	s.tell(m, "delivered", m.ack.At)
	for _, c := range s.live[m.To] {
		delete(c.inFlight, m.ServerMsgID)
		s.pushWhatWaits(c)
	}
}

func (s *server) tell(m *message, status string, at int64) {
	for _, c := range s.live[m.From] {
		s.send(c, ackN{"ack:N", m.MsgID, m.ServerMsgID, m.To, status, at})
	}
}

// pushWhatWaits sends backlog and live messages the same way, in order, as many as there are places for.
func (s *server) pushWhatWaits(c *connection) {
	inbox := s.inboxes[c.user]
	for _, m := range inbox[firstAfter(inbox, c.cursor):] {
		if len(c.inFlight) >= maxInFlight {
			return
		}
		p := &push{message: m, pause: redeliverAfter}
		c.cursor, c.inFlight[m.ServerMsgID] = m.Seq, p
		s.sendPush(c, p)
	}
}

// push repeats a push, unless the copy before it has not even left.
func (s *server) push(c *connection, p *push) {
	if p.sentAt.Load() != 0 {
		p.sentAt.Store(0)
		s.sendPush(c, p)
	}
}

func (s *server) sendPush(c *connection, p *push) {
	m := p.message
	frame := encode(msgN{"msg:N", m.MsgID, m.ServerMsgID, m.From, m.To, m.Body, m.AcceptedAt, m.Seq})
	s.toSend = append(s.toSend, delivery{c, outgoing{frame: frame, push: p}})
}

// --- Timers ---

func (s *server) tick() {
	now := s.now()
	stalled := now-s.ticked > pingEvery // Then this process was silent, not its peers (IM-1-18).
	s.ticked = now
	pings := now-s.pinged >= pingEvery
	if pings {
		s.pinged = now
	}
	for _, c := range s.everybody() {
		if stalled {
			c.meter.heardAt.Store(int64(now))
			c.movedAt = now
		}
		s.lookAfter(c, now, pings)
	}
	s.forget()
}

func (s *server) lookAfter(c *connection, now time.Duration, pings bool) {
	if written := c.meter.written.Load(); c.isIdle() || written != c.written {
		c.written, c.movedAt = written, now
	}
	switch {
	case now-time.Duration(c.meter.heardAt.Load()) > tooLong:
		s.hangUp(c, websocket.CloseGoingAway, "you are silent")
		c.abort()
	case now-c.movedAt > tooLong:
		s.hangUp(c, closeTooSlow, "you do not read")
	case pings && c.isIdle():
		s.toSend = append(s.toSend, delivery{c, outgoing{ping: true}})
	}
	for _, p := range c.inFlight {
		sentAt := time.Duration(p.sentAt.Load())
		if sentAt == 0 || now-sentAt < p.pause {
			continue
		}
		// Half as long again each time: with a late tick still less than twice the pause before.
		if p.pause += p.pause / 2; p.pause > redeliverMax-2*tickEvery {
			p.pause = redeliverMax - 2*tickEvery
		}
		s.push(c, p)
	}
}
