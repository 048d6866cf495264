package main

import (
	"crypto/rand"
	"encoding/hex"
	"sort"
	"time"
)

const dedupWindowMs = 7 * 24 * 3_600_000

// message is a message and its dedup record in one, so that the two cannot part.
type message struct {
	Seq         int64  `json:"seq"` // in order of acceptance; never used twice
	From        string `json:"from"`
	MsgID       string `json:"msgId"`
	ServerMsgID string `json:"serverMsgId"`
	To          string `json:"to"`
	Body        string `json:"body"` // given up with the ack
	Digest      string `json:"digest"`
	AcceptedAt  int64  `json:"acceptedAt"`

	ack *ack // nil: the message waits
}

type senderKey struct{ from, msgID string } // Two fields: no separator can mix up two pairs (IM-2-6).

// state is everything that the server remembers. Only the loop of the server touches it.
type state struct {
	bySender map[senderKey]*message
	byID     map[string]*message
	inboxes  map[string][]*message // what is not acked, by seq
	acked    []*message            // in order of their acks: the first to forget comes first
	lastSeq  int64
	// How long this data has been served, all processes together. A clock that somebody sets must not make the
	// server forget, so the dedup window is measured by this one. It stands still between two processes.
	uptimeBeforeMs int64
	began          time.Time
}

func newState() *state {
	return &state{
		bySender: map[senderKey]*message{},
		byID:     map[string]*message{},
		inboxes:  map[string][]*message{},
		began:    time.Now(),
	}
}

func (s *state) uptimeMs() int64 { return s.uptimeBeforeMs + time.Since(s.began).Milliseconds() }

// newMessage makes a message, which is in the state only after apply.
func (s *state) newMessage(from string, r request) *message {
	var id [16]byte
	if _, err := rand.Read(id[:]); err != nil {
		panic(err) // Without random numbers no id is unique.
	}
	return &message{
		Seq:         s.lastSeq + 1,
		From:        from,
		MsgID:       r.msgID,
		ServerMsgID: hex.EncodeToString(id[:]),
		To:          r.to,
		Body:        r.body,
		Digest:      r.digest(),
		AcceptedAt:  wallClockMs(),
	}
}

// newAck makes the ack of a message. It is never dated before the acceptance, although the clock may have been set
// back since (IM-2-19).
func (s *state) newAck(m *message) *ack {
	at := wallClockMs()
	if at < m.AcceptedAt {
		at = m.AcceptedAt
	}
	return &ack{ServerMsgID: m.ServerMsgID, At: at, UptimeMs: s.uptimeMs()}
}

// apply is the one way in which the state grows, while the server runs and when the journal is read.
func (s *state) apply(r record) {
	switch {
	case r.Start != nil:
		s.lastSeq, s.uptimeBeforeMs = r.Start.LastSeq, r.Start.UptimeMs
	case r.Message != nil:
		m := r.Message
		s.bySender[senderKey{m.From, m.MsgID}] = m
		s.byID[m.ServerMsgID] = m
		s.inboxes[m.To] = append(s.inboxes[m.To], m)
		if m.Seq > s.lastSeq {
			s.lastSeq = m.Seq
		}
	case r.Ack != nil:
		m := s.byID[r.Ack.ServerMsgID]
		m.ack, m.Body = r.Ack, ""
		s.acked = append(s.acked, m)
		s.removeFromInbox(m)
	}
}

func (s *state) removeFromInbox(m *message) {
	inbox := s.inboxes[m.To]
	at := firstAfter(inbox, m.Seq-1)
	inbox = append(inbox[:at], inbox[at+1:]...)
	s.inboxes[m.To] = inbox
	if len(inbox) == 0 {
		delete(s.inboxes, m.To)
	}
}

// firstAfter is the place of the first message with a greater seq.
func firstAfter(inbox []*message, seq int64) int {
	return sort.Search(len(inbox), func(i int) bool { return inbox[i].Seq > seq })
}

// forget drops the records whose dedup window is over. Without an ack a record lives for ever (IM-4.2-6).
func (s *state) forget() {
	for len(s.acked) > 0 && s.acked[0].ack.UptimeMs < s.uptimeMs()-dedupWindowMs {
		m := s.acked[0]
		s.acked = s.acked[1:]
		delete(s.bySender, senderKey{m.From, m.MsgID})
		delete(s.byID, m.ServerMsgID)
	}
}

// each gives the records that bring this state back.
func (s *state) each(yield func(record)) {
	yield(record{Start: &start{LastSeq: s.lastSeq, UptimeMs: s.uptimeMs()}})
	all := make([]*message, 0, len(s.byID))
	for _, m := range s.byID {
		all = append(all, m)
	}
	sort.Slice(all, func(i, j int) bool { return all[i].Seq < all[j].Seq })
	for _, m := range all {
		yield(record{Message: m})
	}
	for _, m := range s.acked {
		yield(record{Ack: m.ack})
	}
}
