using System.Text.Json;
using System.Text.Json.Serialization;

namespace TokenHub.Gateway.Planes;

/// <summary>What a gateway keeps of itself between two starts.</summary>
internal sealed record KeptIdentity(string GatewayId, int GatewayNo, int BootNo);

/// <summary>
/// Keeps the gateway's numbers in the folder of its log, and that folder for one process alone. A boot number is on the
/// disk before a request is named with it, so the next start, with or without a control plane, takes a higher one.
/// </summary>
internal sealed class IdentityFile : IDisposable
{
    private readonly string _path;
    private readonly FileStream _lock;

    private IdentityFile(string path, FileStream held)
    {
        (_path, _lock) = (path, held);
    }

    /// <exception cref="IOException">Another process has the folder.</exception>
    public static IdentityFile Open(string folder)
    {
        Directory.CreateDirectory(folder);
        var held = new FileStream(
            Path.Combine(folder, "lock"), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        return new IdentityFile(Path.Combine(folder, "identity.json"), held);
    }

    /// <summary>Null when nothing is kept for this id: then only the control plane can give numbers.</summary>
    public KeptIdentity? Read(string gatewayId)
    {
        try
        {
            var kept = JsonSerializer.Deserialize(File.ReadAllBytes(_path), IdentityJson.Default.KeptIdentity);
            return kept?.GatewayId == gatewayId && kept is { GatewayNo: > 0, BootNo: > 0 } ? kept : null;
        }
        catch (Exception error) when (error is FileNotFoundException or JsonException)
        {
            return null;
        }
    }

    public void Write(KeptIdentity identity)
    {
        var temporary = _path + ".new";
        using (var file = new FileStream(temporary, FileMode.Create, FileAccess.Write, FileShare.None))
        {
            JsonSerializer.Serialize(file, identity, IdentityJson.Default.KeptIdentity);
            file.Flush(flushToDisk: true);
        }

        File.Move(temporary, _path, overwrite: true);
    }

    public void Dispose() => _lock.Dispose();
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(KeptIdentity))]
internal sealed partial class IdentityJson : JsonSerializerContext;
