// Package network is the part of the provider about segments: mdx_network, mdx_acl_rule, mdx_dnat, and the data sources of
// segments and public addresses. It translates between Terraform and package portal.
package network
