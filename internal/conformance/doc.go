// Package conformance is what is known about the mdx portal, as questions that
// can be put to one: a list of [Fact], each of which asks over raw HTTP and says
// whether the answer is as recorded.
//
// The list runs against any base URL. In the project's tests that is the
// simulator, which must not contradict what is recorded; in the hands of
// somebody with an account, through the command mdxprobe, it is the real portal,
// which may. Nothing here is shared with the client or the simulator, so that a
// mistake in one of them cannot hide in the other.
//
// Facts that are not settled (PORTAL.md marks them with a question mark) have
// no right answer: what they report is the answer.
//
// [Readings] only look. [Writings] make one small VM and one ACL rule, work with
// them and remove them; [Session.CleanUp] removes what an interrupted run left.
package conformance
