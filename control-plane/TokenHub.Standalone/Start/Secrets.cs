using System.Security.Cryptography;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace TokenHub.Standalone.Start;

/// <summary>
/// Secrets made at the first start and kept in the data folder, readable by its owner alone (mode 600).
/// </summary>
public sealed record Secrets
{
    public required string MasterKey { get; init; }
    public required string ControlPlaneToken { get; init; }
    public required string SessionSecret { get; init; }
    public required string DatabasePassword { get; init; }
    public required string RedisPassword { get; init; }
    public required string AdminPassword { get; init; }

    /// <summary>The demo's key, kept because the control plane shows it only once; absent without a demo.</summary>
    public string? DemoKey { get; init; }

    private const string FileName = "secrets.json";

    /// <summary>Reads the secrets of a folder, or makes them; <paramref name="isNew"/> tells which.</summary>
    public static Secrets Load(DataFolder folder, out bool isNew)
    {
        var path = folder.Sub(FileName);
        isNew = !File.Exists(path);
        if (!isNew)
        {
            return JsonSerializer.Deserialize(File.ReadAllBytes(path), SecretsJsonContext.Default.Secrets)
                ?? throw new StartRefusedException($"{path} is empty; restore it, or move the data folder away");
        }

        var secrets = new Secrets
        {
            MasterKey = Convert.ToBase64String(RandomNumberGenerator.GetBytes(32)),
            ControlPlaneToken = Random(),
            SessionSecret = Random(),
            DatabasePassword = Random(),
            RedisPassword = Random(),
            AdminPassword = RandomNumberGenerator.GetString(
                "abcdefghjkmnpqrstuvwxyzABCDEFGHJKMNPQRSTUVWXYZ23456789", 20),
        };
        secrets.Save(folder);
        return secrets;
    }

    public void Save(DataFolder folder)
    {
        var path = folder.Sub(FileName);
        var temporary = path + ".new";
        var options = new FileStreamOptions { Mode = FileMode.Create, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows())
        {
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        }

        using (var file = new FileStream(temporary, options))
        {
            JsonSerializer.Serialize(file, this, SecretsJsonContext.Default.Secrets);
            file.Flush(flushToDisk: true);
        }

        File.Move(temporary, path, overwrite: true);
    }

    private static string Random() => Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(32));
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, WriteIndented = true)]
[JsonSerializable(typeof(Secrets))]
internal sealed partial class SecretsJsonContext : JsonSerializerContext;
