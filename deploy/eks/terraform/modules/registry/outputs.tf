output "url" {
  description = "The repository's address."
  value       = aws_ecr_repository.this.repository_url
}
