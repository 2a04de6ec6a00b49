//go:build unix

package cli

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

// scaleRecipe is the first block of a section of docs/scale.md.
func scaleRecipe(t *testing.T, section string) string {
	t.Helper()
	return readPage(t, "docs/scale.md").section(t, section, "")
}

// What scaleDir holds: lines that are valid, that are not, and a blank one.
const scaleValid, scaleInvalid = 20, 10

// scaleDir is a directory with what the recipes read.
func scaleDir(t *testing.T) (dir, text string) {
	t.Helper()
	dir = t.TempDir()
	for i := range 30 {
		if body := fmt.Sprintf(`{"id":"%d"}`, i); i%3 == 2 {
			text += unsignedRecord(body)
		} else {
			text += signedRecord(body)
		}
		if i == 10 {
			text += "\n"
		}
	}
	if err := os.WriteFile(filepath.Join(dir, "deliveries.ndjson"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return dir, text
}

// inShell is a recipe that is run in dir, in a process group of its own that ends
// with the test. What it needs and is not there skips the test.
func inShell(t *testing.T, dir, script string, tools ...string) *exec.Cmd {
	t.Helper()
	for _, tool := range append(tools, "sh") {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skipf("there is no %s: the recipe is not run", tool)
		}
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	t.Cleanup(cancel)
	cmd := exec.CommandContext(ctx, "sh", "-c", script)
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "HOME="+dir, "HOOKCTL_CONFIG_DIR="+dir+"/config", "HOOK_SECRET=0123456789abcdef")
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	t.Cleanup(func() {
		if cmd.Process != nil && cmd.ProcessState == nil {
			_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
			_ = cmd.Wait()
		}
	})
	return cmd
}

// runRecipe runs one to its end, with an exit code that is one of codes.
func runRecipe(t *testing.T, dir, script string, codes []int, tools ...string) string {
	t.Helper()
	cmd := inShell(t, dir, script, tools...)
	out, err := cmd.CombinedOutput()
	var ended *exec.ExitError
	if err != nil && !errors.As(err, &ended) || !slices.Contains(codes, cmd.ProcessState.ExitCode()) {
		t.Fatalf("%v: %s", err, out)
	}
	return string(out)
}

// linesWith counts the lines of a file in which text is.
func linesWith(t *testing.T, file, text string) int {
	t.Helper()
	all, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for line := range strings.Lines(string(all)) {
		if strings.Contains(line, text) {
			n++
		}
	}
	return n
}

// A verdict comes when its line does, also after the log was rotated.
func TestScaleTail(t *testing.T) {
	t.Parallel()
	dir, text := scaleDir(t)
	log := filepath.Join(dir, "app.log")
	write := func(text string) {
		t.Helper()
		f, err := os.OpenFile(log, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
		if err == nil {
			_, err = f.WriteString(text)
		}
		if err := errors.Join(err, f.Close()); err != nil {
			t.Fatal(err)
		}
	}
	write(text)
	cmd := inShell(t, dir, scaleRecipe(t, "A log as it grows"), "tail")
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	rows := bufio.NewReader(out)
	next := func() string {
		t.Helper()
		row, err := rows.ReadString('\n')
		if err != nil {
			t.Fatal(err)
		}
		return row
	}
	_ = next() // the titles
	for range scaleInvalid {
		if row := next(); !strings.HasPrefix(row, "INVALID ") {
			t.Fatal(row)
		}
	}
	write(signedRecord("{}") + unsignedRecord("{}"))
	if row := next(); !strings.HasPrefix(row, "INVALID   -:33 ") {
		t.Error(row)
	}
	if err := os.Rename(log, log+".1"); err != nil {
		t.Fatal(err)
	}
	write(unsignedRecord("{}"))
	if row := next(); !strings.HasPrefix(row, "INVALID   -:34 ") {
		t.Error(row)
	}
}

// The broker is the one that librdkafka has for tests: it lives in the process
// that writes the messages.
func TestScaleKafka(t *testing.T) {
	t.Parallel()
	dir, text := scaleDir(t)
	broker := inShell(t, dir, "exec kcat -P -b none:1 -t webhooks -X test.mock.num.brokers=1 -d mock", "kcat")
	in, err := broker.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	errs, err := broker.StderrPipe()
	if err == nil {
		err = broker.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	// It sends what is in whole blocks: a line without end fills the last one.
	if _, err := io.WriteString(in, text+strings.Repeat(" ", 1<<14)); err != nil {
		t.Fatal(err)
	}
	said := bufio.NewReader(errs)
	var address []string
	for address == nil {
		line, err := said.ReadString('\n')
		if err != nil {
			t.Skipf("this kcat has no broker for tests: %v", err)
		}
		address = regexp.MustCompile(`bootstrap\.servers=(\S+)`).FindStringSubmatch(line)
	}
	go func() { _, _ = io.Copy(io.Discard, said) }()
	recipe := "BROKERS=" + address[1] + "\n" + scaleRecipe(t, "Kafka")
	want := fmt.Sprintf("%d deliveries: %d valid, %d invalid", scaleValid+scaleInvalid, scaleValid, scaleInvalid)
	for try := 0; ; try++ { // messages are on their way
		out := runRecipe(t, dir, recipe, []int{0, 2, 3})
		if strings.Contains(out, want) && strings.Count(out, "\nINVALID ") == scaleInvalid {
			return
		}
		if try == 50 {
			t.Fatal(out)
		}
		time.Sleep(100 * time.Millisecond)
	}
}

func TestScaleBenthos(t *testing.T) {
	t.Parallel()
	ran := false
	for _, c := range []struct{ tool, command string }{
		{"benthos", "benthos -c pipeline.yaml"}, {"redpanda-connect", "redpanda-connect run pipeline.yaml"}, {"rpk", "rpk connect run pipeline.yaml"},
	} {
		if _, err := exec.LookPath(c.tool); err != nil {
			continue
		}
		ran = true
		t.Run(c.tool, func(t *testing.T) {
			t.Parallel()
			dir, _ := scaleDir(t)
			if err := os.WriteFile(dir+"/pipeline.yaml", []byte(scaleRecipe(t, "Benthos, Redpanda Connect")), 0o600); err != nil {
				t.Fatal(err)
			}
			out := runRecipe(t, dir, c.command, []int{0})
			// The blank line is a message as well.
			if a, b := linesWith(t, dir+"/genuine.ndjson", "body_base64"), linesWith(t, dir+"/refused.ndjson", ""); a != scaleValid || b != scaleInvalid+1 {
				t.Errorf("%d genuine, %d refused: %s", a, b, out)
			}
		})
	}
	if !ran {
		t.Skip("there is neither benthos nor redpanda-connect nor rpk: the recipe is not run")
	}
}

func TestScaleSpark(t *testing.T) {
	t.Parallel()
	if err := exec.Command("python3", "-c", "import pyspark").Run(); err != nil {
		t.Skip("there is no pyspark: the recipe is not run")
	}
	dir, text := scaleDir(t)
	script := "from pyspark import SparkContext\nsc = SparkContext('local[2]')\n" + scaleRecipe(t, "Spark") + "print('verdicts', verdicts.count())\n"
	if err := os.WriteFile(dir+"/job.py", []byte(script), 0o600); err != nil {
		t.Fatal(err)
	}
	if out := runRecipe(t, dir, "python3 job.py", []int{0}); !strings.Contains(out, fmt.Sprintf("verdicts %d\n", strings.Count(text, "\n"))) {
		t.Error(out)
	}
}

// What Spark asks of a program: for each partition as many verdicts as it has
// lines. Only a partition in which nothing can be read ends with 2.
func TestScalePartitions(t *testing.T) {
	t.Parallel()
	dir, text := scaleDir(t)
	command := regexp.MustCompile(`pipe\("(.*)"\)`).FindStringSubmatch(scaleRecipe(t, "Spark"))[1]
	lines := slices.Collect(strings.Lines(text))
	for _, c := range []struct{ from, to, code int }{{0, 10, 0}, {10, 20, 0}, {20, len(lines), 0}, {11, 12, 2}, {0, 0, 2}} {
		cmd := inShell(t, dir, command)
		cmd.Stdin = strings.NewReader(strings.Join(lines[c.from:c.to], ""))
		out, err := cmd.Output()
		var ended *exec.ExitError
		if err != nil && !errors.As(err, &ended) {
			t.Fatal(err)
		}
		if n := strings.Count(string(out), "\n"); n != c.to-c.from || cmd.ProcessState.ExitCode() != c.code {
			t.Errorf("lines %d to %d: exit %d, %d verdicts\n%s", c.from, c.to, cmd.ProcessState.ExitCode(), n, out)
		}
	}
}
