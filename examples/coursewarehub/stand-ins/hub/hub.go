package main

import (
	"context"
	"database/sql"
	"encoding/json"
	"html/template"
	"log"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/lib/pq"
)

// homes is where the folder is mounted that every node shares.
const homes = "/home"

// hub is the service behind the proxy.
type hub struct {
	db   *sql.DB
	node string
}

var page = template.Must(template.New("page").Parse(`<!DOCTYPE html>
<html lang="en">
<title>CoursewareHub (stand-in)</title>
<h1>CoursewareHub (stand-in)</h1>
<p>Served by {{.Node}}.</p>
<form method="post" action="/notes"><input name="text" required> <button>Keep</button></form>
<ul>{{range .Notes}}<li>{{.}}</li>{{end}}</ul>
</html>
`))

// newHub connects to the database, however long it takes to come up.
func newHub(ctx context.Context, database string) (http.Handler, error) {
	password, err := os.ReadFile("/run/secrets/database-password")
	if err != nil {
		return nil, err
	}
	node, err := os.Hostname()
	if err != nil {
		return nil, err
	}
	connector, err := pq.NewConnector("host=" + database + " user=hub dbname=hub sslmode=disable connect_timeout=5 password=" +
		strings.TrimSpace(string(password)))
	if err != nil {
		return nil, err
	}
	h := &hub{sql.OpenDB(connector), node}
	tick := time.NewTicker(500 * time.Millisecond)
	defer tick.Stop()
	for {
		_, err := h.db.ExecContext(ctx, "CREATE TABLE IF NOT EXISTS notes (id serial PRIMARY KEY, text text NOT NULL)")
		if err == nil {
			break
		}
		log.Print("database: ", err)
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-tick.C:
		}
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", h.show)
	mux.HandleFunc("GET /notes", h.list)
	mux.HandleFunc("POST /notes", h.keep)
	return mux, nil
}

func (h *hub) notes(ctx context.Context) ([]string, error) {
	rows, err := h.db.QueryContext(ctx, "SELECT text FROM notes ORDER BY id")
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	notes := []string{}
	for rows.Next() {
		var text string
		if err := rows.Scan(&text); err != nil {
			return nil, err
		}
		notes = append(notes, text)
	}
	return notes, rows.Err()
}

func (h *hub) show(w http.ResponseWriter, r *http.Request) {
	notes, err := h.notes(r.Context())
	if err != nil {
		unavailable(w, err)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	if err := page.Execute(w, map[string]any{"Node": h.node, "Notes": notes}); err != nil {
		log.Print(err)
	}
}

func (h *hub) list(w http.ResponseWriter, r *http.Request) {
	notes, err := h.notes(r.Context())
	if err != nil {
		unavailable(w, err)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	if err := json.NewEncoder(w).Encode(notes); err != nil {
		log.Print(err)
	}
}

// keep puts a note into the database, and into a file in the shared folder.
func (h *hub) keep(w http.ResponseWriter, r *http.Request) {
	text := r.FormValue("text")
	if _, err := h.db.ExecContext(r.Context(), "INSERT INTO notes (text) VALUES ($1)", text); err != nil {
		unavailable(w, err)
		return
	}
	if err := os.WriteFile(filepath.Join(homes, "last-note-of-"+h.node), []byte(text+"\n"), 0o600); err != nil {
		unavailable(w, err)
		return
	}
	http.Redirect(w, r, "/", http.StatusSeeOther)
}

func unavailable(w http.ResponseWriter, err error) {
	log.Print(err)
	http.Error(w, "not now", http.StatusServiceUnavailable)
}
