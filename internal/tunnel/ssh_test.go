//go:build unix

package tunnel

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// sshd starts OpenSSH's server on the loopback, with keys and settings of its own,
// and puts an ssh that knows them first into PATH. It returns the port.
func sshd(t *testing.T) (port string, server *exec.Cmd) {
	t.Helper()
	program := "/usr/sbin/sshd"
	if _, err := os.Stat(program); err != nil {
		t.Skip("there is no ", program, ": install openssh-server")
	}
	client := "/usr/bin/ssh" // PATH has a stand-in
	if _, err := os.Stat(client); err != nil {
		t.Skip("there is no ", client, ": install openssh-client")
	}
	me, err := user.Current()
	if err != nil {
		t.Fatal(err)
	}
	if me.Uid == "0" { // it wants the directory that its service makes
		if err := os.MkdirAll("/run/sshd", 0o755); err != nil {
			t.Skip("sshd needs /run/sshd: ", err)
		}
	}
	dir := t.TempDir()
	at := func(name string) string { return filepath.Join(dir, name) }
	write := func(name, text string, mode os.FileMode) {
		if err := os.WriteFile(at(name), []byte(text), mode); err != nil {
			t.Fatal(err)
		}
	}
	for _, key := range []string{"host", "mine"} {
		if out, err := exec.Command("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", at(key)).CombinedOutput(); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
	}
	public, err := os.ReadFile(at("host.pub"))
	if err != nil {
		t.Fatal(err)
	}
	if port, err = freePort(); err != nil {
		t.Fatal(err)
	}
	write("known", "[127.0.0.1]:"+port+" "+string(public), 0o600)
	write("sshd_config", strings.Join([]string{
		"Port " + port, "ListenAddress 127.0.0.1", "HostKey " + at("host"), "AuthorizedKeysFile " + at("mine.pub"),
		"PidFile none", "StrictModes no", "UsePAM no", "PasswordAuthentication no", "PermitRootLogin yes", "",
	}, "\n"), 0o600)
	write("ssh_config", strings.Join([]string{"UserKnownHostsFile " + at("known"), "IdentityFile " + at("mine"), "IdentitiesOnly yes", "User " + me.Username, ""}, "\n"), 0o600)
	write("ssh", fmt.Sprintf("#!/bin/sh\nexec %s -F %s \"$@\"\n", client, at("ssh_config")), 0o700)
	if out, err := exec.Command(program, "-t", "-f", at("sshd_config")).CombinedOutput(); err != nil {
		t.Skipf("sshd does not start here: %v: %s", err, out)
	}
	server = exec.Command(program, "-D", "-e", "-f", at("sshd_config"))
	var log bytes.Buffer
	server.Stderr = &log
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = server.Process.Kill()
		_ = server.Wait()
		if t.Failed() {
			t.Logf("sshd: %s", log.String())
		}
	})
	for {
		c, err := net.Dial("tcp", "127.0.0.1:"+port)
		if err == nil {
			_ = c.Close()
			break
		}
		time.Sleep(time.Millisecond)
	}
	t.Setenv("PATH", dir+string(os.PathListSeparator)+os.Getenv("PATH"))
	return port, server
}

// TestSSH: a server of the user's own. Bodies come through byte for byte, and after
// the connection has ended the same port is asked for again.
func TestSSH(t *testing.T) {
	w := newWorld(t, "cloudflared", "")
	port, _ := sshd(t)
	k, err := Parse("ssh:127.0.0.1:" + port)
	if err != nil {
		t.Fatal(err)
	}
	w.o.Kind = k
	w.o.Environ = os.Environ()
	body := []byte(strings.Repeat("{\"a\": \"\u2028\"}\r\n", 20000))
	var got [32]byte
	target, err := url.Parse("http://" + w.o.Addr)
	if err != nil {
		t.Fatal(err)
	}
	probes := httputil.NewSingleHostReverseProxy(target)
	s := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodPost {
			probes.ServeHTTP(rw, r)
			return
		}
		h := sha256.New()
		if _, err := io.Copy(h, r.Body); err != nil {
			t.Error(err)
		}
		copy(got[:], h.Sum(nil))
	}))
	defer s.Close()
	w.o.Addr = s.Listener.Addr().String()
	w.start()
	u := wait(w, w.up)
	res, err := http.Post(u, "application/json", bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	_ = res.Body.Close()
	if got != sha256.Sum256(body) {
		t.Error("the body is not as it was sent")
	}
	for range 3 {
		if err := w.process().Kill(); err != nil {
			t.Fatal(err)
		}
		wait(w, w.down)
		if next := wait(w, w.up); next != u {
			t.Errorf("%q, it was %q", next, u)
		}
	}
}

// TestSSHUnknownHost: a host that the user does not know is not trusted, and
// nothing is asked.
func TestSSHUnknownHost(t *testing.T) {
	w := newWorld(t, "cloudflared", "")
	port, _ := sshd(t)
	k, err := Parse("ssh:localhost:" + port) // known is 127.0.0.1
	if err != nil {
		t.Fatal(err)
	}
	w.o.Kind = k
	w.o.Environ = os.Environ()
	w.start()
	if err := w.result(); err == nil || !strings.Contains(err.Error(), "Host key verification failed") {
		t.Error(err)
	}
}
