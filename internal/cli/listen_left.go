package cli

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/hookctl/hookctl/internal/child"
	"github.com/hookctl/hookctl/internal/durable"
	"github.com/hookctl/hookctl/internal/fault"
	"github.com/hookctl/hookctl/internal/pattern"
	"github.com/hookctl/hookctl/internal/provider"
	"github.com/hookctl/hookctl/internal/provider/custody"
	"github.com/hookctl/hookctl/internal/secret"
	"github.com/hookctl/hookctl/internal/term"
)

// listenMark is the trace of a running `listen --create`: a file that its process
// holds, by the token in the names of its webhooks. The record of a webhook whose
// mark nobody holds is left over. Beside it stands what the tunnel runs as, for
// systems on which that goes on after a SIGKILL.
type listenMark struct {
	lock *durable.Lock
	disk *durable.Calls
	path string
}

// leftTunnel is what a mark says of the tunnel.
type leftTunnel struct {
	Pid     int    `json:"pid"`
	Command string `json:"command"`
}

func (a *app) listeningDir() string { return filepath.Join(a.dir, "listening") }

// sessionName begins the names of such webhooks.
const sessionName = "hookctl listen "

// sessionToken is new for each session.
func sessionToken(now time.Time) string {
	return now.UTC().Format("20060102T150405Z") + "-" + strings.ToLower(rand.Text()[:6])
}

var sessionTokens = pattern.Of(`^[0-9]{8}T[0-9]{6}Z-[a-z0-9]{6}$`)

func (a *app) markListening(ctx context.Context, token string) (*listenMark, error) {
	disk := a.env.Disk.Or()
	if err := disk.MakePrivateDir(a.listeningDir(), durable.ChooseConfig); err != nil {
		return nil, err
	}
	m := &listenMark{disk: disk, path: filepath.Join(a.listeningDir(), token)}
	var err error
	m.lock, err = disk.Lock(ctx, m.path+".lock", nil)
	return m, err
}

// tunnel notes the process of the tunnel.
func (m *listenMark) tunnel(pid int, command string) error {
	if m == nil {
		return nil
	}
	text, err := json.Marshal(leftTunnel{pid, command})
	if err != nil {
		return err
	}
	return m.disk.WritePrivate(m.path+".json", append(text, '\n'))
}

// remove ends the mark.
func (m *listenMark) remove() error {
	if m == nil || m.lock == nil {
		return nil
	}
	err := m.disk.RemoveFile(m.path + ".json")
	if errors.Is(err, fs.ErrNotExist) {
		err = nil
	}
	return errors.Join(err, m.lock.Remove())
}

// offerLeft names what earlier sessions have left, and removes what of it is
// the client's provider's where the user says so.
func (a *app) offerLeft(ctx context.Context, client *custody.Client) error {
	a.nameTunnels()
	recs, _, err := a.store.List(ctx)
	if err != nil {
		return err
	}
	for _, r := range recs {
		token, ours := strings.CutPrefix(r.Name, sessionName)
		if !ours || !sessionTokens().MatchString(token) || r.Profile != a.cfg.Profile() || !a.atBaseURL(r) || !r.DeletedAt.IsZero() {
			continue
		}
		if durable.Held(filepath.Join(a.listeningDir(), token+".lock")) {
			continue // it is another terminal's
		}
		if r.Provider != client.Driver().Name { // nothing has been asked there
			a.nameLeft(r)
			continue
		}
		if err := a.offerOne(ctx, client, r); err != nil {
			return err
		}
	}
	pending, _, err := a.journal.List(ctx)
	if err != nil {
		return err
	}
	for _, p := range pending {
		if strings.HasPrefix(p.Intent.Name, sessionName) && !p.Live {
			a.note("An earlier session did not finish creating its webhook. To settle that: hookctl recover")
			break
		}
	}
	return nil
}

// leftWebhook names a webhook that a session has left.
func leftWebhook(r secret.Record) string {
	return "The webhook " + r.Ref().Word() + " (" + term.Clean(r.Name) + ") remains from an earlier session"
}

func (a *app) nameLeft(r secret.Record) {
	a.note("%s. Remove it with: hookctl delete %s", leftWebhook(r), r.Ref().Word())
}

func (a *app) offerOne(ctx context.Context, client *custody.Client, r secret.Record) error {
	if !a.yes && !a.interactive() {
		a.nameLeft(r)
		return nil
	}
	if !a.yes {
		if remove, err := a.env.Prompt.Confirm(ctx, leftWebhook(r)+". Remove it?", true); err != nil || !remove {
			return err
		}
	}
	remove := func() error { return client.Delete(ctx, r.ID) }
	if err := a.removeSession(client.Driver(), r.Ref(), "of an earlier session", remove); err != nil {
		a.warnOf(err)
	}
	return nil
}

// nameTunnels names the tunnels of sessions that were killed which still run, and
// removes the marks of the others.
func (a *app) nameTunnels() {
	entries, err := os.ReadDir(a.listeningDir())
	if err != nil {
		return // there were no sessions
	}
	disk := a.env.Disk.Or()
	for _, e := range entries {
		token, isLock := strings.CutSuffix(e.Name(), ".lock")
		path := filepath.Join(a.listeningDir(), token)
		if !isLock || !sessionTokens().MatchString(token) || durable.Held(path+".lock") {
			continue
		}
		text, err := durable.ReadPrivate(path+".json", 4096)
		var left leftTunnel
		if err == nil && json.Unmarshal(text, &left) == nil && child.Runs(left.Pid) {
			a.note("The tunnel of a killed session is still running: process %d, %s", left.Pid, term.Clean(left.Command))
			continue
		}
		_ = disk.Remove(path + ".json") // what stays is looked at again
		_ = disk.Remove(path + ".lock")
	}
}

// warnOf says an error that is not the command's.
func (a *app) warnOf(err error) {
	line := "warning: " + err.Error()
	if hint := fault.HintOf(err).String(); hint != "" {
		line += "; " + hint
	}
	a.warn(line)
}

// removeSession says what has become of a webhook that a session has made, when remove
// was called to delete it.
func (a *app) removeSession(d *provider.Driver, ref secret.Ref, of string, remove func() error) error {
	switch err := remove(); {
	case fault.Code(err) == "not-found":
		a.note("The webhook %s was already deleted.", ref.Word())
	case err != nil:
		return fault.WithHint(fmt.Errorf("the webhook %s, %s, still exists: %w", of, ref.Word(), err),
			fault.Run("hookctl delete %s", ref.Word()).After("to remove it: "))
	case d.Deletes:
		a.note("Deleted the webhook %s.", ref.Word())
	default:
		a.note("Disabled the webhook %s: %s has no delete, so the webhook stays in the list.", ref.Word(), d.Title)
	}
	return nil
}
