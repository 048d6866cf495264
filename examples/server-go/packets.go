package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"strconv"
)

// The form of packets: what arrives is looked at here, before anything else sees it (sections 2.1 and 2.2).

const (
	protocol      = "im.ran.v1"
	maxBodyBytes  = 65_536
	maxFrameBytes = 524_288
	maxTTLMs      = 31_536_000_000
)

// \z and not $, as a line break at the end is not part of any name.
var (
	idForm     = regexp.MustCompile(`\A[A-Za-z0-9_-]{1,64}\z`)
	userForm   = regexp.MustCompile(`\A[A-Za-z0-9._@-]{1,64}\z`)
	deviceForm = regexp.MustCompile(`\A[A-Za-z0-9._-]{1,32}\z`)
)

// request is a msg:R or an ack:R. Its problem says why it is not valid; it can be answered all the same.
type request struct {
	kind, rid, msgID, to, body, serverMsgID string
	ttlMs                                   float64 // 0: absent
	problem                                 string
}

// answer holds the fields that msg:A and ack:A have in common.
type answer struct {
	Type        string    `json:"type"`
	Rid         string    `json:"rid"`
	MsgID       string    `json:"msgId,omitempty"`
	ServerMsgID string    `json:"serverMsgId,omitempty"`
	Status      string    `json:"status"`
	Error       *rejected `json:"error,omitempty"`
}

type rejected struct {
	Code    string `json:"code"`
	Message string `json:"message"`
}

type msgN struct {
	Type        string `json:"type"`
	MsgID       string `json:"msgId"`
	ServerMsgID string `json:"serverMsgId"`
	From        string `json:"from"`
	To          string `json:"to"`
	Body        string `json:"body"`
	AcceptedAt  int64  `json:"acceptedAt"`
	Seq         int64  `json:"seq"`
}

type ackN struct {
	Type        string `json:"type"`
	MsgID       string `json:"msgId"`
	ServerMsgID string `json:"serverMsgId"`
	To          string `json:"to"`
	Status      string `json:"status"`
	At          int64  `json:"at"`
}

// parse reads an R. An error means that it cannot be answered, and that only a close with 4400 is left (IM-2-14).
//
// The members are looked up by hand: encoding/json matches the names of a struct without regard to case, so that
// an unknown field BODY would overwrite body; and it takes null for absent.
func parse(frame []byte) (request, error) {
	var members map[string]json.RawMessage
	if err := json.Unmarshal(frame, &members); err != nil || members == nil {
		return request{}, errors.New("not a JSON object")
	}
	r := request{kind: text(members["type"]), rid: text(members["rid"])}
	if r.kind != "msg:R" && r.kind != "ack:R" {
		return r, errors.New("not an R")
	}
	if !idForm.MatchString(r.rid) {
		return r, errors.New("no usable rid")
	}
	if id := text(members["msgId"]); idForm.MatchString(id) {
		r.msgID = id
	}
	if id := text(members["serverMsgId"]); idForm.MatchString(id) {
		r.serverMsgID = id
	}
	r.to, r.body = text(members["to"]), text(members["body"])
	ttl, hasTTL := members["ttlMs"]
	if number, err := strconv.ParseFloat(string(ttl), 64); hasTTL && err == nil && number == float64(int64(number)) {
		r.ttlMs = number
	}
	switch {
	case hasLoneSurrogate(frame):
		r.problem = "strings must be free of lone surrogates"
	case r.kind == "ack:R" && r.serverMsgID == "":
		r.problem = "serverMsgId must be 1 to 64 of A-Z a-z 0-9 _ -"
	case r.kind == "ack:R":
	case r.msgID == "":
		r.problem = "msgId must be 1 to 64 of A-Z a-z 0-9 _ -"
	case !userForm.MatchString(r.to):
		r.problem = "to must be 1 to 64 of A-Z a-z 0-9 . _ @ -"
	case !isString(members["body"]):
		r.problem = "body must be a string"
	case hasTTL && (r.ttlMs < 1 || r.ttlMs > maxTTLMs):
		r.problem = "ttlMs must be an integer from 1 to 31536000000"
	}
	return r, nil
}

func isString(raw json.RawMessage) bool { return len(raw) > 0 && raw[0] == '"' }

// text is the string that a member holds, or "" when it holds none. No id and no name may be empty.
func text(raw json.RawMessage) string {
	var s string
	if isString(raw) {
		_ = json.Unmarshal(raw, &s) // It is a part of what was valid JSON.
	}
	return s
}

// hasLoneSurrogate looks at the text, because encoding/json silently replaces a lone surrogate by U+FFFD. In valid
// JSON every backslash begins an escape, and an escape of a surrogate is the only way to write one in UTF-8.
func hasLoneSurrogate(frame []byte) bool {
	for {
		at := bytes.IndexByte(frame, '\\')
		if at < 0 {
			return false
		}
		frame = frame[at:]
		unit := escapedUnit(frame)
		switch {
		case unit < 0xD800 || unit > 0xDFFF:
			frame = frame[2:] // Past \u or \\ or another: what follows holds no backslash of the same escape.
		case unit < 0xDC00 && isLow(escapedUnit(frame[6:])):
			frame = frame[12:]
		default:
			return true
		}
	}
}

func isLow(unit int) bool { return unit >= 0xDC00 && unit <= 0xDFFF }

// escapedUnit reads \uXXXX at the beginning of s, and is -1 if something else stands there.
func escapedUnit(s []byte) int {
	if len(s) < 6 || s[0] != '\\' || s[1] != 'u' {
		return -1
	}
	unit, err := strconv.ParseUint(string(s[2:6]), 16, 16)
	if err != nil {
		return -1
	}
	return int(unit)
}

// digest stands for the content of a message when its body is gone: enough to tell a duplicate from a conflict.
func (r request) digest() string {
	content, _ := json.Marshal([]any{r.to, r.body, r.ttlMs}) // Strings and a number always have a JSON form.
	return fmt.Sprintf("%x", sha256.Sum256(content))
}

// encode writes a packet as one frame. The body keeps its < and >, which json.Marshal would write as six characters.
func encode(packet any) []byte {
	var buffer bytes.Buffer
	encoder := json.NewEncoder(&buffer)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(packet); err != nil {
		panic(err) // Structs of strings and numbers always have a JSON form.
	}
	return buffer.Bytes()
}
