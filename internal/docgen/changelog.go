package main

import (
	"encoding/json"
	"errors"
	"regexp"
	"slices"
	"strings"
	"time"
)

// changelogFile is where people read what has changed.
const changelogFile = "docs/CHANGELOG.md"

// packager is who makes the packages, as .goreleaser.yaml says it too.
const packager = "hookctl maintainers <maintainers@users.noreply.github.com>"

// change is a line of a package's changelog.
type change struct {
	Note string `json:"note"`
}

// changes are an entry of a package's changelog: one version.
type changes struct {
	Version  string `json:"semver"`
	Date     string `json:"date"`
	Packager string `json:"packager"`
	Deb      struct {
		Urgency       string   `json:"urgency"`
		Distributions []string `json:"distributions"`
	} `json:"deb"`
	Changes []change `json:"changes"`
}

var (
	versionHeading = regexp.MustCompile(`^## \[?([^\]\s]+)\]?(?: - (\d{4}-\d\d-\d\d))?$`)
	markdownLink   = regexp.MustCompile(`\[([^\]]*)\]\([^)]*\)`)
	markdownMark   = strings.NewReplacer("`", "", "**", "")
)

// packageChangelog turns the page for people into what packages are made with,
// the newest version first. What the page calls Unreleased is that version and of
// that date. JSON is YAML too.
func packageChangelog(page []byte, version string, date time.Time) ([]byte, error) {
	var all []changes
	open := false // the last line belongs to a change
	for line := range strings.Lines(string(page)) {
		line = strings.TrimRight(line, " \r\n")
		if m := versionHeading.FindStringSubmatch(line); m != nil {
			entry := changes{Version: m[1], Date: m[2] + "T00:00:00Z", Packager: packager}
			if m[2] == "" {
				entry.Version, entry.Date = version, date.UTC().Format(time.RFC3339)
			}
			entry.Deb.Urgency, entry.Deb.Distributions = "medium", []string{"unstable"}
			all, open = append(all, entry), false
			continue
		}
		text := markdownMark.Replace(markdownLink.ReplaceAllString(line, "$1"))
		note, begins := strings.CutPrefix(text, "- ")
		switch {
		case len(all) == 0:
		case begins:
			last := &all[len(all)-1]
			last.Changes, open = append(last.Changes, change{note}), true
		case open && strings.HasPrefix(text, "  "):
			notes := all[len(all)-1].Changes
			notes[len(notes)-1].Note += " " + strings.TrimSpace(text)
		default:
			open = false
		}
	}
	all = slices.DeleteFunc(all, func(c changes) bool { return len(c.Changes) == 0 })
	if len(all) == 0 {
		return nil, errors.New(changelogFile + " has no version with a change")
	}
	text, err := json.MarshalIndent(all, "", "  ")
	return append(text, '\n'), err
}
