package conformance

import (
	"context"
	"fmt"
)

// Source is where a fact comes from, as PORTAL.md tags it.
type Source string

// The sources of facts.
const (
	Official Source = "O" // the official client and its notebooks
	CLI      Source = "C" // an independent command used daily
	Manual   Source = "M" // the user manual
	Unknown  Source = "?" // nobody knows: the answer is the finding
)

// Fact is one thing that is recorded about the portal.
type Fact struct {
	Name    string // short, unique
	Section int    // of PORTAL.md
	Source  Source
	Says    string // the fact, or the question, in a sentence
	Ask     func(context.Context, *Session) Finding
}

// Verdict is what became of a fact.
type Verdict string

// The verdicts.
const (
	AsRecorded Verdict = "as recorded"
	Differs    Verdict = "differs"
	NotSeen    Verdict = "not seen" // nothing was there to tell by
	Answered   Verdict = "answered" // for open questions
)

// Finding is a verdict and what was seen. The note holds no secret, but may
// hold names and addresses: [Session.Mask] takes them out.
type Finding struct {
	Verdict Verdict
	Note    string
}

// Result is a fact and what was found.
type Result struct {
	Fact    Fact
	Finding Finding
}

func recorded(format string, args ...any) Finding {
	return Finding{AsRecorded, fmt.Sprintf(format, args...)}
}

func differs(format string, args ...any) Finding {
	return Finding{Differs, fmt.Sprintf(format, args...)}
}

func notSeen(format string, args ...any) Finding {
	return Finding{NotSeen, fmt.Sprintf(format, args...)}
}

func answered(format string, args ...any) Finding {
	return Finding{Answered, fmt.Sprintf(format, args...)}
}

// holds is as recorded if it holds, and differs otherwise.
func holds(it bool, format string, args ...any) Finding {
	if it {
		return recorded(format, args...)
	}
	return differs(format, args...)
}

// Run puts facts to the portal in their order, calling tell after each. It
// stops early, without an error, when the context ends.
func Run(ctx context.Context, s *Session, facts []Fact, tell func(Result)) []Result {
	var all []Result
	for _, fact := range facts {
		if ctx.Err() != nil {
			break
		}
		result := Result{fact, fact.Ask(ctx, s)}
		all = append(all, result)
		tell(result)
	}
	return all
}
