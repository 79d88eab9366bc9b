variable "name" {
  description = "The environment, also its namespace."
  type        = string
}

variable "kms_key_arn" {
  description = "What encrypts its parameters."
  type        = string
}

variable "oidc" {
  description = "Who vouches for its service accounts."
  type        = object({ provider_arn = string, issuer = string })
}
