namespace TokenHub.EndToEnd.Tests.Product;

internal static class Build
{
    /// <summary>The processes under test are those of the same build as the tests.</summary>
    public static string Configuration { get; } =
        Path.GetFileName(Path.GetDirectoryName(Path.TrimEndingDirectorySeparator(AppContext.BaseDirectory)))!;
}
