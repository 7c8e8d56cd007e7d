namespace TokenHub.Standalone;

/// <summary>Where the other executables are: beside this one in the build output of the checkout.</summary>
public static class Layout
{
    /// <summary>
    /// The checkout's folder: this assembly lies in control-plane/TokenHub.Standalone/bin/{configuration}/{framework}.
    /// </summary>
    public static string Root { get; } = Path.GetFullPath(Path.Combine(AppContext.BaseDirectory, "../../../../.."));

    public static string ControlPlane => AssemblyOf("control-plane", "TokenHub.ControlPlane");

    public static string Gateway => AssemblyOf("gateway", "TokenHub.Gateway");

    public static string Web { get; } = Path.Combine(Root, "web");

    public static string MockUpstream => AssemblyOf("loadtests", "TokenHub.MockUpstream");

    public static string DotNet { get; } =
        Environment.ProcessPath is { } self && Path.GetFileNameWithoutExtension(self) == "dotnet"
            ? self
            : Servers.CommandLine.Find("dotnet") ?? "dotnet";

    private static string AssemblyOf(string folder, string project)
    {
        var output = Path.GetFullPath(AppContext.BaseDirectory).TrimEnd('/').Split('/');
        return Path.Combine(Root, folder, project, "bin", output[^2], output[^1], project + ".dll");
    }
}
