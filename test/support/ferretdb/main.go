// Runs FerretDB 1.24 (a server that speaks MongoDB's protocol) on SQLite files, for the tests of the MongoDB
// adapter: `ferretdb DIR` listens on a free port of 127.0.0.1, prints its URI as one line and stops when its
// standard input ends, so that a killed test leaves no server behind. Only the embeddable package can be built
// from the module proxy: the release's own program needs a generated file that is not in the module.
package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"

	"github.com/FerretDB/FerretDB/ferretdb"
)

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: ferretdb DIR")
		os.Exit(2)
	}
	server, err := ferretdb.New(&ferretdb.Config{
		Listener:  ferretdb.ListenerConfig{TCP: "127.0.0.1:0"},
		Logger:    slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelError})),
		Handler:   "sqlite",
		SQLiteURL: "file:" + os.Args[1] + "/",
	})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- server.Run(ctx) }()
	fmt.Println(server.MongoDBURI())
	_, _ = io.Copy(io.Discard, os.Stdin)
	stop()
	<-done
}
