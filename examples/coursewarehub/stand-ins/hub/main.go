// Command hub stands in for JupyterHub and its proxy: a page that keeps notes in PostgreSQL, and the proxy with TLS in
// front of it.
//
//	hub hub http://0.0.0.0:8000 DATABASE
//	hub proxy https://0.0.0.0:443 http://HUB:8000
package main

import (
	"context"
	"errors"
	"fmt"
	"log"
	"net/http"
	"net/url"
	"os"
	"os/signal"
	"syscall"
	"time"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:])
	stop()
	if err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context, args []string) error {
	if len(args) != 3 {
		return errors.New("usage: hub hub|proxy LISTEN BEHIND")
	}
	listen, err := url.Parse(args[1])
	if err != nil {
		return err
	}
	switch args[0] {
	case "hub":
		handler, err := newHub(ctx, args[2])
		if err != nil {
			return err
		}
		return serve(ctx, listen, handler)
	case "proxy":
		handler, err := newProxy(args[2])
		if err != nil {
			return err
		}
		return serve(ctx, listen, handler)
	}
	return fmt.Errorf("%q is neither hub nor proxy", args[0])
}

// serve answers until the context ends; with TLS where the address says https.
func serve(ctx context.Context, listen *url.URL, handler http.Handler) error {
	server := &http.Server{Addr: listen.Host, Handler: handler, ReadHeaderTimeout: 10 * time.Second}
	ended := make(chan error, 1)
	go func() {
		if listen.Scheme != "https" {
			ended <- server.ListenAndServe()
			return
		}
		certificate, err := ownCertificate()
		if err != nil {
			ended <- err
			return
		}
		server.TLSConfig = certificate
		ended <- server.ListenAndServeTLS("", "")
	}()
	select {
	case err := <-ended:
		return err
	case <-ctx.Done():
		end, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
		defer cancel()
		return server.Shutdown(end)
	}
}
