package containerhost

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// labelRecipe marks a Base container and holds the digest of what it was made from.
const labelRecipe = "jp.mdx.container-host.recipe"

// baseImage fetches the Base container's image.
var baseImage = step{
	name:  "base-image",
	limit: 30 * time.Minute,
	check: func(ctx context.Context, s *session) (string, error) {
		found, err := s.api.image(ctx, s.spec.Base.Image)
		switch {
		case errors.Is(err, errAbsent):
			return s.spec.Base.Image + " is not on the host", nil
		case err != nil:
			return "", err
		}
		if s.spec.Base.Pull != "always" {
			return "", nil
		}
		digest, err := s.api.registryDigest(ctx, s.spec.Base.Image)
		if err != nil {
			if s.asking {
				return "", nil // a registry that is out of reach is no drift of the host
			}
			return "the registry does not tell its digest", nil
		}
		if !slices.ContainsFunc(found.RepoDigests, func(d string) bool { return strings.HasSuffix(d, "@"+digest) }) {
			return s.spec.Base.Image + " has moved on in the registry", nil
		}
		return "", nil
	},
	apply: func(ctx context.Context, s *session) error {
		if s.spec.Base.Pull == "never" {
			return fmt.Errorf("%s is not on the host, and pulling is switched off", s.spec.Base.Image)
		}
		return s.api.pull(ctx, s.spec.Base.Image, func(text string) { s.progress("base-image", text) })
	},
}

// baseContainer sees to it that the Base container runs, and is the one that the Spec describes.
var baseContainer = step{
	name:  "base-container",
	limit: 5 * time.Minute,
	check: func(ctx context.Context, s *session) (string, error) {
		request, err := s.request()
		if err != nil {
			return "", err
		}
		others, err := s.otherBases(ctx)
		if err != nil {
			return "", err
		}
		s.base, err = s.api.container(ctx, s.spec.Base.Name)
		switch {
		case errors.Is(err, errAbsent):
			return "there is no Base container", nil
		case err != nil:
			return "", err
		case len(others) > 0:
			return "there is a Base container of another name", nil
		}
		wanted, err := s.api.image(ctx, s.spec.Base.Image)
		switch {
		case errors.Is(err, errAbsent): // the container keeps running without its image's name
			if s.asking {
				return "", nil
			}
			return s.spec.Base.Image + " is not on the host", nil
		case err != nil:
			return "", err
		}
		if s.imageReference = ""; s.base.Image == wanted.ID && len(wanted.RepoDigests) > 0 {
			s.imageReference = wanted.RepoDigests[0]
		}
		return differs(s.base, wanted, request), nil
	},
	apply: makeBase,
}

// differs tells what is not as it should be; empty: nothing.
func differs(c *container, wanted image, request createRequest) string {
	switch {
	case c.Image != wanted.ID:
		return "the Base container runs another image, " + c.Image
	case c.Config.Labels[labelRecipe] != request.Labels[labelRecipe]:
		return "the Base container was made from other settings"
	case c.HostConfig.RestartPolicy.Name != request.HostConfig.RestartPolicy.Name:
		return fmt.Sprintf("the Base container's restart policy is %q", c.HostConfig.RestartPolicy.Name)
	case !c.State.Running:
		return "the Base container is " + c.State.Status
	}
	return ""
}

func makeBase(ctx context.Context, s *session) error {
	request, err := s.request()
	if err != nil {
		return err
	}
	wanted, err := s.api.image(ctx, s.spec.Base.Image)
	if err != nil {
		return err
	}
	// What may fail on a full disk comes before what can't be undone.
	if script := s.spec.Base.UserInitCommand; script != "" {
		if _, err := s.run(ctx, writeFile(initFile(s.spec.Base.Name), "0700", "root:root", []byte(script))); err != nil {
			return err
		}
	}
	others, err := s.otherBases(ctx)
	if err != nil {
		return err
	}
	if s.base != nil {
		stopped := *s.base
		stopped.State.Running = true
		if differs(&stopped, wanted, request) == "" {
			if err := s.removeAll(ctx, others); err != nil {
				return err
			}
			return s.api.start(ctx, s.base.ID) // nothing but stopped, or not the only one
		}
	}
	return s.replaceBase(ctx, request, others)
}

// replaceBase makes a Base container and has it take the place of the one that is there, which stays if Docker does not take
// the new one's settings. One that was cut off in between is among the others next time.
func (s *session) replaceBase(ctx context.Context, request createRequest, others []string) error {
	name := s.spec.Base.Name
	at := name
	if s.base != nil {
		at, others = name+".new", append(others, s.base.ID)
	}
	if left, err := s.api.container(ctx, at); err == nil && slices.Contains(others, left.ID) {
		if err := s.api.remove(ctx, left.ID); err != nil {
			return err
		}
	}
	id, err := s.api.create(ctx, at, request)
	if err != nil {
		return err
	}
	if err := s.removeAll(ctx, others); err != nil {
		return err
	}
	if at != name {
		if err := s.api.rename(ctx, id, name); err != nil {
			return err
		}
	}
	return s.api.start(ctx, id)
}

func (s *session) removeAll(ctx context.Context, ids []string) error {
	for _, id := range ids {
		if err := s.api.remove(ctx, id); err != nil {
			return err
		}
	}
	return nil
}

// otherBases are Base containers under another name than the Spec's: it was renamed.
func (s *session) otherBases(ctx context.Context) ([]string, error) {
	ids, err := s.api.labelled(ctx, labelRecipe)
	if err != nil {
		return nil, err
	}
	own, err := s.api.container(ctx, s.spec.Base.Name)
	if errors.Is(err, errAbsent) {
		return ids, nil
	}
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(ids, func(id string) bool { return id == own.ID }), nil
}

// noBaseContainer takes away the Base container of an earlier Spec.
var noBaseContainer = step{
	name:  "no-base-container",
	limit: 2 * time.Minute,
	check: func(ctx context.Context, s *session) (string, error) {
		ids, err := s.api.labelled(ctx, labelRecipe)
		if err != nil || len(ids) == 0 {
			return "", err
		}
		return "there is a Base container", nil
	},
	apply: removeBase,
}

// removeBase removes the Base container, whatever its name, and what belongs to it. One of its name that this package did not
// make is somebody else's.
func removeBase(ctx context.Context, s *session) error {
	ids, err := s.api.labelled(ctx, labelRecipe)
	if err != nil {
		return err
	}
	if err := s.removeAll(ctx, ids); err != nil {
		return err
	}
	s.base = nil
	_, err = s.run(ctx, program("removing "+initFolder, "rm", "-rf", initFolder))
	return err
}
