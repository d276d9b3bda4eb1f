// Package docs tests what is written for people: every attribute has a sentence that ends, every link leads somewhere,
// and the Japanese guides say what the English ones say now.
package docs
