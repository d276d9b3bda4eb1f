package project

import (
	"slices"
	"testing"

	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/mdx"
	"github.com/nii-gakunin-cloud/terraform-provider-mdx/internal/portal"
)

func TestTheNewestCatalogEntryComesFirst(t *testing.T) {
	entries := []mdx.Catalog{
		{Name: "no date, 9.9", TemplateName: "custom", OSVersion: "9.9"},
		{Name: "no date, 9.10", TemplateName: "custom", OSVersion: "9.10"},
		{Name: "old", TemplateName: "UT-20220412-0000-ubuntu-2004-server", OSVersion: "20.04"},
		{Name: "new", TemplateName: "UT-20240401-1300-ubuntu-2204-gpu", OSVersion: "22.04"},
		{Name: "new, an hour before", TemplateName: "UT-20240401-1200-ubuntu-2204-server", OSVersion: "22.04"},
	}
	slices.SortStableFunc(entries, byAge)
	want := []string{"new", "new, an hour before", "old", "no date, 9.10", "no date, 9.9"}
	if got := catalogNames(entries); !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestTheLoginUserIsGuessedOnlyWhereTheTemplatesAgree(t *testing.T) {
	catalogs := []mdx.Catalog{
		{TemplateName: "UT-20240401-1200-ubuntu-2204-server", LoginUsername: "mdxuser"},
		{TemplateName: "UT-20230401-1200-ubuntu-2204-server", LoginUsername: "mdxuser"},
		{TemplateName: "UT-20250401-0900-ubuntu-2404-server", LoginUsername: "mdx-user01"},
		{TemplateName: "WS-20240101-0000-windows-2022"},
	}
	for host, want := range map[string]string{
		"ubuntu-2204-server": "mdxuser",
		"ubuntu-2404-server": "mdx-user01",
		"ubuntu":             "", // fits both
		"2204":               "", // too short to tell
		"windows-2022":       "",
		"my-own-name":        "",
		"":                   "",
	} {
		if got := portal.GuessLogin(host, catalogs); got != want {
			t.Errorf("%q: got %q, want %q", host, got, want)
		}
	}
}

func TestAProjectsKindIsReadFromThePortalsWord(t *testing.T) {
	for word, want := range map[string]portal.ProjectKind{
		"normal": portal.KindNormal, "Dedicated": portal.KindDedicated, "占有": portal.KindDedicated, "通常プロジェクト": portal.KindNormal, "1": portal.KindUnknown, "": portal.KindUnknown,
	} {
		if got := portal.ProjectKindOf(word); got != want {
			t.Errorf("%q: got %v, want %v", word, got, want)
		}
	}
}
