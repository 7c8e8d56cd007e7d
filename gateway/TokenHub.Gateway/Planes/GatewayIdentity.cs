namespace TokenHub.Gateway.Planes;

/// <summary>The numbers the control plane gave this boot of this gateway; they make its request ids unique.</summary>
public readonly record struct GatewayIdentity(int GatewayNo, int BootNo);
