// Package kit is what the packages of the provider's products share: the configured provider and its settings, the words of
// diagnostics, validators, and values on their way between Terraform and the portal.
package kit
