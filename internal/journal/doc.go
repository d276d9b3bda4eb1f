// Package journal remembers, outside of the process, what is about to be asked for.
//
// A machine costs money from the moment its deploy is accepted, and Terraform's state learns of it later, or never:
// the process may be killed in between. So before a deploy is sent, an [Entry] for each machine is written and
// synced, and once the answer is there, its task ids are added. Whoever wants a machine of that name next asks
// [Journal.About] first.
//
//	j := journal.At(journal.Dir(os.Getenv))
//	intent, err := j.Begin(entry)   // on the disk when it returns; if it fails, nothing may be sent
//	...                             // send
//	err = intent.Accepted(tasks)    // or Lost, or Withdraw if nothing came of it for certain
//	...
//	err = j.Settle(e.Key())         // the machine is in the state: the entry has done its work
//
// # Files
//
// Each machine has a file of its own, JSON that a person can read, written beside its place and renamed into it: a
// file is there as a whole or not at all, whenever the power goes. Nothing is ever appended or shared, so any number
// of processes may use one folder. What is no entry, or a damaged one, is told and left alone.
//
// The folder has a .gitignore of its own. No entry holds a secret: names, ids and times is all there is.
//
// # Who is still at it
//
// A process holds a lock as long as it lives, so that [Journal.Live] can tell an entry whose answer is still to come
// from one whose writer is gone.
package journal
