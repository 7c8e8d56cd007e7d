using System.Reflection;

namespace TokenHub.Gateway.Telemetry;

internal static class GatewayVersion
{
    public static string Text { get; } = typeof(GatewayVersion).Assembly
        .GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? "0";
}
