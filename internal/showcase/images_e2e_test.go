//go:build e2e

package showcase

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"time"
)

const example = "../../examples/coursewarehub"

// images puts the stand-in stack into the registry, and gives the references of hub and database as the nodes see them.
// What the example's recipe makes is kept in the user's cache.
func (s *stage) images() (hub, database string) {
	s.t.Helper()
	cache, err := os.UserCacheDir()
	if err != nil {
		s.t.Fatal(err)
	}
	key := s.recipeKey()
	folder := filepath.Join(cache, "terraform-provider-mdx", "coursewarehub-"+key)
	archives := map[string]string{"hub": filepath.Join(folder, "hub.tar"), "database": filepath.Join(folder, "database.tar")}
	if _, err := os.Stat(archives["database"]); errors.Is(err, fs.ErrNotExist) {
		start := time.Now()
		if err := os.MkdirAll(folder, 0o755); err != nil {
			s.t.Fatal(err)
		}
		s.runHere(filepath.Join(example, "stand-ins", "build"), archives["hub"], archives["database"])
		s.t.Logf("built the stack's images, once, in %s", time.Since(start).Round(time.Second))
	}
	references := map[string]string{}
	for name, entry := range map[string]string{"hub": "/hub", "database": "/sbin/database"} {
		image := "mdxsim-coursewarehub-" + name + ":" + key
		s.runHere("docker", "import", "--change", `ENTRYPOINT ["`+entry+`"]`, archives[name], image)
		if references[name], err = s.backend.Push(s.t.Context(), image, "coursewarehub/"+name+":1.0"); err != nil {
			s.t.Fatal(err)
		}
		s.runHere("docker", "rmi", image)
	}
	return references["hub"], references["database"]
}

// recipeKey differs when any file of the recipe does.
func (s *stage) recipeKey() string {
	sum := sha256.New()
	recipe := os.DirFS(filepath.Join(example, "stand-ins"))
	err := fs.WalkDir(recipe, ".", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		text, err := fs.ReadFile(recipe, path)
		sum.Write(append([]byte(path), text...))
		return err
	})
	if err != nil {
		s.t.Fatal(err)
	}
	return hex.EncodeToString(sum.Sum(nil))[:12]
}
