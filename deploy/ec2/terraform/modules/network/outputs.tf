output "subnet_id" {
  description = "Where the instance goes."
  # Only once the way out is there.
  value      = local.makes_vpc ? aws_subnet.public[0].id : var.subnet_id
  depends_on = [aws_route.internet, aws_route_table_association.public]
}

output "security_group_id" {
  description = "What may reach the instance."
  value       = aws_security_group.host.id
}
