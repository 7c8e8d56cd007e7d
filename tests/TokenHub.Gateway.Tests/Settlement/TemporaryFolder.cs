namespace TokenHub.Gateway.Tests.Settlement;

internal sealed class TemporaryFolder : IDisposable
{
    public string Path { get; } = Directory.CreateTempSubdirectory("tokenhub-settlement-").FullName;

    public void Dispose() => Directory.Delete(Path, recursive: true);
}
