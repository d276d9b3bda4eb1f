package mdx

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// readTokenFile reads a token kept as bare text or as {"token": "..."}.
func readTokenFile(path string) (string, error) {
	data, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return "", fmt.Errorf("token file %s does not exist: issue a token on the portal (menu on your user name, "+
			"トークン発行) and put it there", path)
	}
	if err != nil {
		return "", fmt.Errorf("read token file: %w", err)
	}
	token := parseTokenFile(data)
	if token == "" {
		return "", fmt.Errorf(`token file %s holds no token: it should be one line, or {"token": "..."}`, path)
	}
	return token, nil
}

// parseTokenFile is the token in a file, or nothing: a token is one word of visible characters.
func parseTokenFile(data []byte) string {
	data = bytes.TrimSpace(bytes.TrimPrefix(data, []byte("\ufeff")))
	text := string(data)
	if len(data) > 0 && (data[0] == '{' || data[0] == '"') {
		var w wireToken
		if json.Unmarshal(data, &w) != nil && json.Unmarshal(data, &w.Token) != nil {
			return ""
		}
		text = strings.TrimSpace(w.Token)
	}
	for _, r := range text {
		if r <= ' ' || r > '~' {
			return ""
		}
	}
	return text
}

// writeTokenFile puts a token where one was, in the same form, so that no reader ever sees half of it
// and nobody else can read it. A link is followed, not replaced.
func writeTokenFile(path, token string) (err error) {
	if target, err := filepath.EvalSymlinks(path); err == nil {
		path = target
	}
	data := []byte(token + "\n")
	if old, err := os.ReadFile(path); err == nil && bytes.HasPrefix(bytes.TrimSpace(old), []byte("{")) {
		fields := map[string]any{} // whatever else others keep there stays
		_ = json.Unmarshal(old, &fields)
		fields["token"] = token
		if data, err = json.Marshal(fields); err != nil {
			return err
		}
		data = append(data, '\n')
	}
	file, err := os.CreateTemp(filepath.Dir(path), ".token-*") // mode 0600
	if err != nil {
		return fmt.Errorf("write token file: %w", err)
	}
	defer func() {
		if err != nil {
			err = fmt.Errorf("write token file: %w", errors.Join(err, os.Remove(file.Name())))
		}
	}()
	_, writeErr := file.Write(data)
	if err := errors.Join(writeErr, file.Sync(), file.Close()); err != nil {
		return err
	}
	return os.Rename(file.Name(), path)
}
