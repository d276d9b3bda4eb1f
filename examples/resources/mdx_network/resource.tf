# The project's default segment: the campus reaches SSH, everyone reaches HTTPS. Rules of others are left alone.
resource "mdx_network" "default" {
  acl = [
    { protocol = "TCP", source_cidr = "192.0.2.0/24", destination_cidr = "10.0.0.0/21", destination_port = 22 },
    { protocol = "TCP", source_cidr = "0.0.0.0/0", destination_cidr = "10.0.0.0/21", destination_port = 443 },
    { protocol = "ICMP", source_cidr = "2001:db8::/32", destination_cidr = "2001:2f8:1041:223::/64" },
  ]
}

# A segment that holds these rules and no others.
resource "mdx_network" "backend" {
  segment_name = "backend"
  exclusive    = true

  acl = [
    { protocol = "TCP", source_cidr = "10.0.0.0/21", destination_cidr = "10.0.8.0/24", destination_port = 5432 },
  ]
}
