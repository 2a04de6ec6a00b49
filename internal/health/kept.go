package health

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"

	"github.com/hookctl/hookctl/internal/provider"
	"github.com/hookctl/hookctl/internal/provider/custody"
	"github.com/hookctl/hookctl/internal/secret"
	"github.com/hookctl/hookctl/internal/term"
)

// Finding is the JSON of one thing that is not in order with what is kept.
// What is not known is null.
type Finding struct {
	Problem  string  `json:"problem"` // "unusable", "unreadable", "lost", "interrupted", "no-webhook", "no-secret"
	Provider *string `json:"provider"`
	ID       *string `json:"id"`
	Name     *string `json:"name"`
	Path     *string `json:"path"`
	Message  string  `json:"message"`
	Fix      string  `json:"fix"`
}

// Kept looks at what is kept on this machine.
type Kept struct {
	Store   *secret.FileStore
	Journal *secret.Journal
	Dir     string
	Profile string       // the current one
	Note    func(string) // told what is under way

	Findings []Finding
}

func (k *Kept) add(problem, path string, err error, fix string) {
	// One directory that cannot be used is met on several ways.
	if slices.ContainsFunc(k.Findings, func(f Finding) bool { return f.Message == err.Error() }) {
		return
	}
	f := Finding{Problem: problem, Message: err.Error(), Fix: fixOf(err, fix)}
	if path != "" {
		f.Path = &path
	}
	k.Findings = append(k.Findings, f)
}

// read notes what could not be read of a list.
func (k *Kept) read(problems []secret.Problem, err error) {
	if err != nil {
		k.add("unusable", k.Dir, err, "check its permissions: ls -ld "+term.ShellWord(k.Dir))
	}
	for _, p := range problems {
		k.add("unreadable", p.Path, p.Err, "restore a good copy of "+term.ShellWord(p.Path)+", or move it away")
	}
}

// Stored checks records and credentials, and that another one could be kept. A
// configuration directory that is not there is in order, and stays unmade; in one
// that is, the directory of records is made, since a file is tried in it.
func (k *Kept) Stored(ctx context.Context) []secret.Record {
	recs := k.records(ctx)
	_, problems, err := k.Store.ListCredentials(ctx)
	k.read(problems, err)
	return recs
}

func (k *Kept) records(ctx context.Context) []secret.Record {
	recs, problems, err := k.Store.ListFiles(ctx)
	k.read(problems, err)
	if err != nil {
		return nil
	}
	if _, err := os.Lstat(k.Dir); errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err := k.Store.Check(ctx); err != nil {
		k.add("unusable", k.Dir, err, "choose another directory with --config")
	}
	problems, err = k.Store.CheckKeyring(ctx)
	for _, p := range problems {
		k.add("lost", p.Path, p.Err, "unlock the keyring that holds it")
	}
	if err != nil && ctx.Err() == nil {
		k.add("unusable", k.Dir, err, "unlock the keyring")
	}
	return recs
}

// Journalled checks that no operation was left unfinished.
func (k *Kept) Journalled(ctx context.Context) {
	pending, problems, err := k.Journal.List(ctx)
	k.read(problems, err)
	for _, p := range pending {
		in := p.Intent
		if p.Live {
			k.Note(fmt.Sprintf("Another process (pid %[4]d) is running %[1]s of %[2]s on %[3]s.", in.Operation, in.URL, in.Provider, in.PID))
			continue
		}
		fix := "hookctl recover"
		if in.Profile != k.Profile {
			fix += " --profile " + term.ShellWord(in.Profile)
		}
		k.Findings = append(k.Findings, Finding{
			Problem: "interrupted", Provider: &in.Provider, Name: &in.Name, Path: &p.Path, Fix: fix,
			Message: fmt.Sprintf("%s of %s on %s, started %s, did not finish", in.Operation, in.URL, in.Provider, term.Date(in.StartedAt)),
		})
	}
}

// Compare finds records without a webhook and webhooks without a record.
func (k *Kept) Compare(client *custody.Client, recs []secret.Record, rows []provider.Webhook) {
	d := client.Driver()
	kept := map[string]bool{}
	listed := map[string]bool{}
	unreadable := 0
	for _, w := range rows {
		listed[w.ID] = true
		if w.ID == "" {
			unreadable++
		}
	}
	for _, r := range recs {
		if r.Provider != d.Name {
			continue
		}
		kept[r.ID] = true
		if r.Profile != k.Profile || r.Origin != client.Origin() || !r.DeletedAt.IsZero() || listed[r.ID] {
			continue
		}
		var name *string
		if r.Name != "" {
			name = &r.Name
		}
		message := fmt.Sprintf("%s does not list %s, but its secret is kept", d.Title, r.Described())
		if unreadable > 0 {
			message += fmt.Sprintf(" (%d row(s) of its list could not be read)", unreadable)
		}
		k.Findings = append(k.Findings, Finding{
			Problem: "no-webhook", Provider: &d.Name, ID: &r.ID, Name: name, Path: &r.Path, Message: message,
			Fix: fmt.Sprintf("if it no longer exists, mark it as deleted: hookctl delete %s; when you have no more of its deliveries to verify: hookctl secrets remove %[1]s", r.Ref().Word()),
		})
	}
	for _, w := range rows {
		gone := !d.Deletes && w.Is(provider.Disabled)
		if w.ID == "" || kept[w.ID] || gone {
			continue
		}
		ref, missing := term.ShellWord(d.Name+"/"+w.ID), secret.Record{Provider: d.Name, ID: w.ID}
		if w.Name != nil {
			missing.Name = *w.Name
		}
		k.Findings = append(k.Findings, Finding{
			Problem: "no-secret", Provider: &d.Name, ID: &w.ID, Name: w.Name,
			Message: fmt.Sprintf("the secret of %s is not kept here", missing.Described()),
			Fix:     custody.WaysOut(ref).Text,
		})
	}
}
