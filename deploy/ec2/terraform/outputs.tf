output "environment" {
  description = "The environment these outputs are of."
  value       = var.environment
}

output "region" {
  description = "Its region."
  value       = var.region
}

output "public_ip" {
  description = "The elastic address."
  value       = module.instance.public_ip
}

output "device_address" {
  description = "What devices are told to connect to."
  value       = var.dns_name == "" ? module.instance.public_ip : var.dns_name
}

output "instance_id" {
  description = "The instance."
  value       = module.instance.instance_id
}

output "data_volume_id" {
  description = "The volume with the readings."
  value       = module.instance.data_volume_id
}

output "backup_bucket" {
  description = "Where database backups go."
  value       = module.backups.bucket
}

output "parameter_path" {
  description = "Where secrets are in Parameter Store."
  value       = local.parameter_path
}

output "plain_mqtt" {
  description = "Whether devices may use MQTT without TLS."
  value       = var.plain_mqtt
}
