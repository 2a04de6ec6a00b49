package sink

import (
	"context"
	"errors"
	"strings"
	"unicode/utf8"

	"github.com/hookctl/hookctl/internal/fault"
	"github.com/hookctl/hookctl/internal/term"
)

// azureSink sets a secret variable for the later steps of a job in Azure
// Pipelines, with a logging command on standard error: the agent reads both
// streams, and standard output may be on its way to a file.
//
// Source: learn.microsoft.com, Azure Pipelines, logging commands and set variables.
type azureSink struct{ Spec }

// azureReserved are what no variable's name may begin with, in any case.
var azureReserved = []string{"endpoint", "input", "secret", "path", "securefile"}

func newAzureVariable(t Spec) (place, error) {
	if !IsVariable(strings.ReplaceAll(t.name, ".", "_")) || strings.HasPrefix(t.name, ".") {
		return nil, errors.New("the name must begin with a letter or underscore and have only letters, digits, underscores and full stops")
	}
	for _, word := range azureReserved {
		if strings.HasPrefix(strings.ToLower(t.name), word) {
			return nil, errors.New("in Azure Pipelines, the name of a variable must not begin with " + strings.Join(azureReserved, ", "))
		}
	}
	return azureSink{t}, nil
}

// Check refuses to print a secret where no agent reads it.
func (s azureSink) Check(context.Context) error {
	if s.env.Getenv != nil && strings.EqualFold(s.env.Getenv("TF_BUILD"), "true") {
		return nil
	}
	return fault.Errorf(fault.Other, "%s: TF_BUILD is not set", s.spec).
		WithHint("this sink works only in a step of Azure Pipelines; elsewhere use file:PATH or dotenv:PATH:NAME")
}

func (azureSink) fits(secret string) error {
	switch {
	case strings.ContainsAny(secret, "\r\n\x00"):
		return errors.New("the secret has several lines or a NUL byte, which the agent does not accept")
	case !utf8.ValidString(secret):
		return errors.New("the secret is not UTF-8, which the agent expects")
	}
	return nil
}

func (s azureSink) Put(ctx context.Context, it Item) error {
	if err := s.Check(ctx); err != nil {
		return err
	}
	line := "##vso[task.setvariable variable=" + s.name + ";issecret=true]" + strings.ReplaceAll(it.Secret.Reveal(), "%", "%AZP25")
	if err := term.WriteLine(s.env.Stderr, line); err != nil {
		return fault.Errorf(fault.Other, "%s: set the variable: %w", s.spec, err)
	}
	return nil
}
