variable "name" {
  description = "The repository's name."
  type        = string
}

variable "kms_key_arn" {
  description = "What encrypts the images."
  type        = string
}

variable "protect" {
  description = "Refuse to delete a repository that has images."
  type        = bool
}
