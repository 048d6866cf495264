package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"
)

// The journal: a file to which a line is added for each message that is accepted and for each ack. Read from its
// beginning it gives the state back. Lines are collected by append and become durable, all together, by commit.

// record is one line: exactly one of its members is there.
type record struct {
	Start   *start   `json:"start,omitempty"`
	Message *message `json:"message,omitempty"`
	Ack     *ack     `json:"ack,omitempty"`
}

// start is the first line of each process: what must go on even when every message has been forgotten.
type start struct {
	LastSeq  int64 `json:"lastSeq"`
	UptimeMs int64 `json:"uptimeMs"`
}

type ack struct {
	ServerMsgID string `json:"serverMsgId"`
	At          int64  `json:"at"`
	UptimeMs    int64  `json:"uptimeMs"`
}

type journal struct {
	file    *os.File
	pending []byte
}

// openJournal brings the state of the last process back. Then it writes what is worth keeping into a fresh file, which
// takes the place of the old one in one step: the file holds nothing twice, and a torn last line is gone.
func openJournal(folder string, s *state) (*journal, error) {
	path := filepath.Join(folder, "journal.ndjson")
	if err := readJournal(path, s.apply); err != nil {
		return nil, err
	}
	s.forget()
	file, err := os.OpenFile(path+".new", os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, err
	}
	j := &journal{file: file}
	s.each(j.append)
	if err := j.commit(); err != nil {
		return nil, err
	}
	if err := os.Rename(path+".new", path); err != nil {
		return nil, err
	}
	return j, syncFolder(folder) // Otherwise a loss of power could bring the old name back.
}

func readJournal(path string, replay func(record)) error {
	file, err := os.Open(path)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	defer file.Close()
	lines := bufio.NewReader(file)
	for number := 1; ; number++ {
		line, err := lines.ReadBytes('\n')
		if errors.Is(err, io.EOF) {
			return nil // A last line without its end was never committed, so nobody was told of it.
		}
		if err != nil {
			return err
		}
		var r record
		if err := json.Unmarshal(line, &r); err != nil {
			return fmt.Errorf("%s, line %d: %w", path, number, err)
		}
		replay(r)
	}
}

func syncFolder(path string) error {
	folder, err := os.Open(path)
	if err != nil {
		return err
	}
	defer folder.Close()
	return folder.Sync()
}

func (j *journal) append(r record) { j.pending = append(j.pending, encode(r)...) }

// commit returns when the disk has what was appended: one fsync for all of it.
func (j *journal) commit() error {
	if len(j.pending) == 0 {
		return nil
	}
	if _, err := j.file.Write(j.pending); err != nil {
		return err
	}
	j.pending = j.pending[:0]
	return j.file.Sync()
}

// wallClockMs is for the times that people read. Nothing is decided by it.
func wallClockMs() int64 { return time.Now().UnixMilli() }
