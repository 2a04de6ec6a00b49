package wundertreos

import "github.com/hookctl/hookctl/internal/provider"

// catalogue is every event type the API knows: the set is documented as
// complete. There is no wildcard and no event for a deletion.
func catalogue() []provider.EventType {
	return []provider.EventType{
		{Slug: "contact.created", Category: "Contact", Description: "a contact is created by hand, import or API"},
		{Slug: "contact.updated", Category: "Contact", Description: "any contact field changes"},
		{Slug: "contact.tag_added", Category: "Contact", Description: "one or more tags are added; also sends contact.updated"},
		{Slug: "contact.enriched", Category: "Contact", Description: "the enrichment service adds data; also sends contact.updated"},
		{Slug: "contact.note_added", Category: "Contact", Description: "a note is added to the timeline"},
		{Slug: "deal.created", Category: "Deal", Description: "a deal is created"},
		{Slug: "deal.updated", Category: "Deal", Description: "any deal field changes, including stage, won and lost"},
	}
}
