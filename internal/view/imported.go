package view

import (
	"github.com/hookctl/hookctl/internal/render"
	"github.com/hookctl/hookctl/internal/secret"
)

// What `secrets import` did with a record.
const (
	ImportAdded     = "added"     // it was not kept before
	ImportNewer     = "newer"     // its secret is the present one now, the former is kept beside it
	ImportOlder     = "older"     // its secret is kept beside the present one
	ImportUnchanged = "unchanged" // all that it holds was kept already
)

// Imported is the JSON of one record of a bundle.
type Imported struct {
	KeptSecret
	Result string `json:"result"`
}

// NewImported describes r as it is kept now.
func NewImported(r secret.Record, result string) Imported {
	return Imported{KeptSecret: NewKeptSecret(r), Result: result}
}

// ImportedList shows what `secrets import` did.
func ImportedList(list []Imported) render.View {
	kept := make([]KeptSecret, len(list))
	for i, m := range list {
		kept[i] = m.KeptSecret
	}
	v := KeptSecrets(kept, true)
	v.Data = list
	v.Grid.Columns = append(v.Grid.Columns, render.Column{Title: "RESULT", Tone: toneOf})
	for i, m := range list {
		v.Grid.Rows[i] = append(v.Grid.Rows[i], m.Result)
	}
	return v
}
