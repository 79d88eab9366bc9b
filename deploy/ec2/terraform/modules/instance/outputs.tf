output "instance_id" {
  description = "The instance."
  value       = aws_instance.host.id
}

output "public_ip" {
  description = "The elastic address."
  value       = aws_eip.host.public_ip
}

output "data_volume_id" {
  description = "The data volume."
  value       = aws_ebs_volume.data.id
}
