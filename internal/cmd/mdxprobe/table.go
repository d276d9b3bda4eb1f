package main

import (
	"flag"
	"fmt"
	"io"

	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/conformance"
)

// printResult prints a fact and what was found, masked.
func printResult(out io.Writer, session *conformance.Session, r conformance.Result) {
	const layout = "%-20s §%d [%s]  %-11s  %s\n"
	_, _ = fmt.Fprintf(out, layout, r.Fact.Name, r.Fact.Section, r.Fact.Source, r.Finding.Verdict, session.Mask(r.Finding.Note))
	if r.Finding.Verdict == conformance.Differs {
		_, _ = fmt.Fprintf(out, "%-20s            recorded:    %s\n", "", r.Fact.Says)
	}
}

// printSummary counts the verdicts.
func printSummary(out io.Writer, results []conformance.Result) {
	count := map[conformance.Verdict]int{}
	for _, r := range results {
		count[r.Finding.Verdict]++
	}
	_, _ = fmt.Fprintf(out, "\n%d facts: %d as recorded, %d differ, %d not seen; %d open questions answered\n", len(results),
		count[conformance.AsRecorded], count[conformance.Differs], count[conformance.NotSeen], count[conformance.Answered])
}

// help teaches.
func help(flags *flag.FlagSet) {
	out := flags.Output()
	_, _ = fmt.Fprint(out, `mdxprobe asks an mdx portal whether it behaves as this project recorded it, and
prints a line for each fact: as recorded, differs (and how), not seen, or, for
what nobody knew, the answer. Tokens, ids, addresses and names are masked, so
that you can read the table through and send it to the project.

  export MDX_API_TOKEN=...      issued on the portal, menu on your name
  mdxprobe                      only looks; takes a minute
  mdxprobe -write               also makes one small VM and one ACL rule, tells
                                first what that is, and removes both; takes about
                                a quarter of an hour
  mdxprobe -clean               removes what an interrupted -write left

The portal is reachable from mdx's own network and its VPN only.

Options:
`)
	flags.PrintDefaults()
}
