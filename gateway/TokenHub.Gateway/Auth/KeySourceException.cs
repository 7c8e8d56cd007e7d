namespace TokenHub.Gateway.Auth;

/// <summary>A key could not be looked up: neither Redis nor the control plane said whether it exists.</summary>
internal sealed class KeySourceException(string message, Exception? inner = null) : Exception(message, inner);
