using System.Security.Cryptography;
using Dapper;
using Npgsql;
using TokenHub.ControlPlane.Audit;
using TokenHub.ControlPlane.Wire;
using TokenHub.Core.Keys;

namespace TokenHub.ControlPlane.Channels;

/// <summary>
/// What a sweep came to: <c>resealed</c> now, <c>current</c> in all under the new key, and the channels whose secret
/// neither key opens.
/// </summary>
internal sealed record RotationResult(
    string KeyId, string OldKeyId, int Resealed, long Current, IReadOnlyList<string> Unreadable);

/// <summary>
/// Seals every stored secret anew under another master key: in batches, each a transaction of its own, so that a sweep
/// that is broken off has done what it has done and the next one does the rest. What somebody seals meanwhile under the
/// old key is found too.
/// </summary>
internal sealed class MasterKeyRotation(NpgsqlDataSource database, byte[] masterKey, byte[] oldKey)
{
    public const int BatchSize = 100;

    // Deleted channels too: nothing that is kept may need the old key.
    private const string TakeSql = """
        select id, owner_user_id as owner, sealed_credential as sealed, sealed_headers as headers
        from channels
        where (not starts_with(sealed_credential, @prefix) or not starts_with(sealed_headers, @prefix))
          and id <> all(@unreadable)
        order by id
        limit @limit
        for update
        """;

    private const string PutSql = """
        update channels c
        set sealed_credential = n.sealed,
            sealed_headers = n.headers
        from unnest(@ids::bigint[], @texts::text[], @headers::text[]) n (id, sealed, headers)
        where c.id = n.id
        """;

    private const string CountSql = "select count(*) from channels where starts_with(sealed_credential, @prefix)";

    private readonly SecretBox _box = new(masterKey, oldKey);

    /// <param name="afterBatch">Called after each batch is committed, with the number resealed until then.</param>
    public async Task<RotationResult> SweepAsync(CancellationToken ct, Action<int>? afterBatch = null)
    {
        var prefix = SecretBox.PrefixOf(_box.KeyId);
        var unreadable = new List<long>();
        var resealed = 0;
        while (await ResealAsync(prefix, unreadable, ct) is { } count)
        {
            resealed += count;
            afterBatch?.Invoke(resealed);
        }

        await using var connection = await database.OpenConnectionAsync(ct);
        return new RotationResult(
            _box.KeyId,
            new SecretBox(oldKey).KeyId,
            resealed,
            await connection.ExecuteScalarAsync<long>(
                new CommandDefinition(CountSql, new { prefix }, cancellationToken: ct)),
            [.. unreadable.Select(id => WireId.Format(WireId.Channel, id))]);
    }

    // Null when there is nothing left to do.
    private async Task<int?> ResealAsync(string prefix, List<long> unreadable, CancellationToken ct)
    {
        await using var connection = await database.OpenConnectionAsync(ct);
        await using var transaction = await connection.BeginTransactionAsync(ct);
        var rows = (await connection.QueryAsync<SecretRow>(new CommandDefinition(
            TakeSql,
            new { prefix, unreadable = unreadable.ToArray(), limit = BatchSize },
            transaction,
            cancellationToken: ct))).AsList();
        if (rows.Count == 0)
        {
            return null;
        }

        var sealedNow = new List<(long Id, string Text, string? Headers)>();
        foreach (var row in rows)
        {
            var text = Reseal(row.Sealed, CredentialSeal.Context(row.Id, row.Owner));
            var headers = row.Headers is null
                ? null
                : Reseal(row.Headers, CredentialSeal.HeadersContext(row.Id, row.Owner));
            if (text is null || (row.Headers is not null && headers is null))
            {
                unreadable.Add(row.Id);
            }
            else
            {
                sealedNow.Add((row.Id, text, headers));
            }
        }

        var parameters = new
        {
            ids = sealedNow.Select(row => row.Id).ToArray(),
            texts = sealedNow.Select(row => row.Text).ToArray(),
            headers = sealedNow.Select(row => row.Headers).ToArray(),
        };
        await connection.ExecuteAsync(new CommandDefinition(PutSql, parameters, transaction, cancellationToken: ct));
        await AuditLog.AddAsync(
            transaction, userId: null, "keys.rotate_master", _box.KeyId, ct, $$"""{"resealed":{{sealedNow.Count}}}""");
        await transaction.CommitAsync(ct);
        return sealedNow.Count;
    }

    private string? Reseal(string text, string context)
    {
        if (!_box.TryOpen(text, context, out var secret))
        {
            return null;
        }

        var anew = _box.Seal(secret, context);
        CryptographicOperations.ZeroMemory(secret);
        return anew;
    }

    private sealed record SecretRow(long Id, long? Owner, string Sealed, string? Headers);
}
