output "kms_key_arn" {
  description = "The key of disk, secrets and backups."
  value       = aws_kms_key.this.arn
}
