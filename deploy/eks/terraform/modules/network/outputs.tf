output "vpc_id" {
  description = "The VPC."
  value       = aws_vpc.this.id
}

output "private_subnet_ids" {
  description = "Where nodes go."
  # Only once the way out is there: a node that cannot reach the API server never joins.
  value      = [for zone in var.availability_zones : aws_subnet.private[zone].id]
  depends_on = [aws_route.nat, aws_route_table_association.private]
}
