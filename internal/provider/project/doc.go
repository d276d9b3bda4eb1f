// Package project is the part of the provider that shows projects and their catalogs, and hands on the API token. All of it
// reads, none of it changes anything.
package project
