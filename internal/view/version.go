package view

import (
	"fmt"
	"strings"

	"github.com/hookctl/hookctl/internal/render"
)

// Version is the JSON of the version. What the build does not know is null.
type Version struct {
	Version  string  `json:"version"`
	Commit   *string `json:"commit"`
	Date     *string `json:"date"`
	Modified *bool   `json:"modified"`
	Go       string  `json:"go"`
	OS       string  `json:"os"`
	Arch     string  `json:"arch"`
}

// Render is the version on one line.
func (v Version) Render() render.View {
	about := ""
	if v.Commit != nil {
		about = "commit " + *v.Commit + " "
	}
	if v.Date != nil {
		about += "of " + *v.Date
	}
	if about = strings.TrimSpace(about); about != "" {
		about += ", "
	}
	if v.Modified != nil && *v.Modified {
		about += "modified, "
	}
	return render.View{
		Data:  v,
		Text:  fmt.Sprintf("hookctl %s (%s%s, %s/%s)\n", v.Version, about, v.Go, v.OS, v.Arch),
		Names: []string{v.Version},
	}
}
