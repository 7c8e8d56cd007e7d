using System.Globalization;
using System.Net;
using System.Security.Cryptography;
using System.Text.Json;
using Dapper;
using TokenHub.ControlPlane.Channels;
using TokenHub.ControlPlane.Commands;
using TokenHub.ControlPlane.Options;
using TokenHub.ControlPlane.Tests.Support;
using TokenHub.Core.Keys;

namespace TokenHub.ControlPlane.Tests.Commands;

/// <summary>Every secret is sealed anew under another master key while everything goes on (S03).</summary>
public sealed class RotateMasterTests(Servers servers)
{
    private const string Secret = "sk-canary-to-rotate";

    [Fact]
    public async Task Sweep_seals_everything_anew_and_both_keys_are_accepted_meanwhile()
    {
        await using var plane = await Plane.StartAsync(servers);
        var member = await plane.PersonAsync();
        string[] channels = [await AddAsync(plane.Admin), await AddAsync(member.Api), await AddAsync(plane.Admin)];
        (await plane.Admin.DeleteAsync($"/api/v1/channels/{channels[2]}")).Expect(HttpStatusCode.NoContent);
        var newKey = RandomNumberGenerator.GetBytes(32);
        var before = await SealedAsync(plane);
        var both = new CredentialSeal(plane.Options with { MasterKey = newKey, MasterKeyOld = plane.Options.MasterKey });
        var onlyNew = new CredentialSeal(plane.Options with { MasterKey = newKey });
        await AssertOpensAsync(plane, both, 3);
        await AssertOpensAsync(plane, onlyNew, 0);
        var version = await VersionAsync(plane);

        var (code, result) = await RotateAsync(plane, newKey, plane.Options.MasterKey);

        Assert.Equal((0, 3, 3L), (code, result.Int("resealed"), result.Long("current")));
        Assert.Equal(new SecretBox(newKey).KeyId, result.Str("key_id"));
        Assert.Empty(before.Intersect(await SealedAsync(plane)));
        await AssertOpensAsync(plane, both, 3);
        await AssertOpensAsync(plane, onlyNew, 3);
        await AssertOpensAsync(plane, new CredentialSeal(plane.Options), 0);
        Assert.True(await VersionAsync(plane) > version, "gateways hear of it");

        var (again, nothing) = await RotateAsync(plane, newKey, plane.Options.MasterKey);
        Assert.Equal((0, 0, 3L), (again, nothing.Int("resealed"), nothing.Long("current")));
        await using var connection = await plane.ConnectAsync();
        Assert.Equal(1, await connection.ExecuteScalarAsync<long>(
            "select count(*) from audit_events where action = 'keys.rotate_master'"));
    }

    [Fact]
    public async Task Sweep_that_is_broken_off_goes_on_where_it_was_and_finds_what_was_sealed_with_the_old_key_meanwhile()
    {
        await using var plane = await Plane.StartAsync(servers);
        var first = await AddAsync(plane.Admin);
        const int Count = (2 * MasterKeyRotation.BatchSize) + 20;
        await using (var connection = await plane.ConnectAsync())
        {
            var ids = (await connection.QueryAsync<long>(
                "select nextval(pg_get_serial_sequence('channels', 'id')) from generate_series(2, @Count)",
                new { Count })).ToArray();
            var box = new SecretBox(plane.Options.MasterKey);
            await connection.ExecuteAsync(
                """
                insert into channels (id, name, provider, base_url, credential_type, sealed_credential, models)
                overriding system value
                select n.id, 'c', 'openai', 'https://example.com', 'api_key', n.sealed, '{}'
                from unnest(@ids, @sealedTexts) n (id, sealed)
                """,
                new
                {
                    ids,
                    sealedTexts = ids.Select(id => box.Seal(
                        JsonSerializer.SerializeToUtf8Bytes(new { type = "api_key", api_key = Secret }),
                        CredentialSeal.Context(id, null))).ToArray(),
                });
        }

        var newKey = RandomNumberGenerator.GetBytes(32);
        var rotation = new MasterKeyRotation(plane.Database, newKey, plane.Options.MasterKey);
        await Assert.ThrowsAsync<IOException>(() => rotation.SweepAsync(
            TestContext.Current.CancellationToken, _ => throw new IOException("killed")));

        // A control plane that does not know the new key yet seals once more with the old one.
        (await plane.Admin.PatchAsync(
            $"/api/v1/channels/{first}", new { credential = new { type = "api_key", api_key = Secret } }))
            .Expect(HttpStatusCode.OK);
        var result = await rotation.SweepAsync(TestContext.Current.CancellationToken);

        Assert.Equal(
            (Count - MasterKeyRotation.BatchSize + 1, (long)Count, 0),
            (result.Resealed, result.Current, result.Unreadable.Count));
        await AssertOpensAsync(plane, new CredentialSeal(plane.Options with { MasterKey = newKey }), Count);
    }

    [Fact]
    public async Task Secret_that_neither_key_opens_is_named_and_left_alone()
    {
        await using var plane = await Plane.StartAsync(servers);
        string[] channels = [await AddAsync(plane.Admin), await AddAsync(plane.Admin), await AddAsync(plane.Admin)];
        await using (var connection = await plane.ConnectAsync())
        {
            // A row copied to another channel does not open there.
            await connection.ExecuteAsync(
                "update channels set sealed_credential = (select sealed_credential from channels where id = 1001) where id = 1002");
        }

        var (code, result) = await RotateAsync(plane, RandomNumberGenerator.GetBytes(32), plane.Options.MasterKey);

        Assert.Equal((1, 2), (code, result.Int("resealed")));
        Assert.Equal([channels[1]], result.At("unreadable").EnumerateArray().Select(id => id.GetString()));
    }

    [Fact]
    public async Task Keys_that_are_missing_or_the_same_are_refused()
    {
        var key = Convert.ToBase64String(RandomNumberGenerator.GetBytes(32));
        var url = servers.Postgres.Url("postgres");

        Assert.Contains("MASTER_KEY_OLD is required", await RefusalAsync(url, key, null), StringComparison.Ordinal);
        Assert.Contains("is the same as the new key", await RefusalAsync(url, key, key), StringComparison.Ordinal);
        Assert.DoesNotContain(key, await RefusalAsync(url, key, key), StringComparison.Ordinal);
    }

    [Fact]
    public void Old_key_is_read_for_serving_too()
    {
        var key = Convert.ToBase64String(RandomNumberGenerator.GetBytes(32));
        var options = ControlPlaneOptionsReader.Read(
            name => name switch
            {
                "TOKENHUB_DATABASE_URL" => "postgres://u:p@h/d",
                "TOKENHUB_REDIS_URL" => "redis://h",
                "TOKENHUB_MASTER_KEY" => Convert.ToBase64String(RandomNumberGenerator.GetBytes(32)),
                "TOKENHUB_MASTER_KEY_OLD" => key,
                "TOKENHUB_CONTROL_PLANE_TOKEN" => "a token that is long enough",
                _ => null,
            },
            out _)!;

        Assert.Equal(key, Convert.ToBase64String(options.MasterKeyOld!));
    }

    private static async Task<string> RefusalAsync(string url, string key, string? oldKey)
    {
        using var error = new StringWriter(CultureInfo.InvariantCulture);
        var code = await ControlPlaneCommand.RunAsync(
            ["keys", "rotate-master"], Environment(url, key, oldKey), TextWriter.Null, error);
        Assert.Equal(CommandRun.Misused, code);
        return error.ToString();
    }

    private async Task<(int Code, JsonElement Result)> RotateAsync(Plane plane, byte[] newKey, byte[] oldKey)
    {
        var name = new Npgsql.NpgsqlConnectionStringBuilder(plane.Database.ConnectionString).Database!;
        using var output = new StringWriter(CultureInfo.InvariantCulture);
        var code = await ControlPlaneCommand.RunAsync(
            ["keys", "rotate-master"],
            Environment(servers.Postgres.Url(name), Convert.ToBase64String(newKey), Convert.ToBase64String(oldKey)),
            output,
            TextWriter.Null);
        return (code, JsonSerializer.Deserialize<JsonElement>(output.ToString()));
    }

    private static Func<string, string?> Environment(string url, string key, string? oldKey) => name => name switch
    {
        "TOKENHUB_DATABASE_URL" => url,
        "TOKENHUB_MASTER_KEY" => key,
        "TOKENHUB_MASTER_KEY_OLD" => oldKey,
        _ => null,
    };

    private static async Task AssertOpensAsync(Plane plane, CredentialSeal seal, int count)
    {
        await using var connection = await plane.ConnectAsync();
        var rows = await connection.QueryAsync<ChannelRow>(
            "select id, owner_user_id, sealed_credential, sealed_headers from channels");
        var opened = rows.Select(seal.Open).Where(credential => credential is not null).ToList();
        Assert.Equal(count, opened.Count);
        Assert.All(opened, credential => Assert.Equal(Secret, credential!.ApiKey));
        Assert.All(rows.Where(row => row.SealedHeaders is not null), row =>
            Assert.Equal(count > 0, seal.OpenHeaders(row).GetValueOrDefault("x-own") == Secret));
    }

    private static async Task<List<string>> SealedAsync(Plane plane)
    {
        await using var connection = await plane.ConnectAsync();
        return (await connection.QueryAsync<string>("select sealed_credential from channels")).AsList();
    }

    private static async Task<long> VersionAsync(Plane plane)
    {
        await using var connection = await plane.ConnectAsync();
        return await connection.ExecuteScalarAsync<long>("select version from snapshot_version");
    }

    private static async Task<string> AddAsync(Api api) => (await api.PostAsync("/api/v1/channels", new
    {
        name = "c",
        provider = "openai",
        base_url = "https://api.example.com",
        credential = new { type = "api_key", api_key = Secret },
        headers = new Dictionary<string, string> { ["X-Own"] = Secret },
        models = new[] { "m" },
    })).Text("id");
}
