using System.Reflection;
using System.Text.RegularExpressions;
using TokenHub.Ledger.Tests.Fixtures;

namespace TokenHub.Ledger.Tests;

/// <summary>Every statement of the ledger is one that the migrated database understands.</summary>
[Trait("needs", "postgres")]
public sealed partial class SqlConstantsTests(LedgerServers servers)
{
    public static TheoryData<string, string> Constants()
    {
        var data = new TheoryData<string, string>();
        foreach (var constant in typeof(LedgerDatabase).Assembly.GetTypes()
            .SelectMany(type => type.GetFields(BindingFlags.Static | BindingFlags.NonPublic | BindingFlags.Public))
            .Where(constant => constant.IsLiteral && constant.Name.EndsWith("Sql", StringComparison.Ordinal)))
        {
            data.Add($"{constant.DeclaringType!.Name}.{constant.Name}", (string)constant.GetRawConstantValue()!);
        }

        return data;
    }

    [Fact]
    public void There_are_as_many_as_one_would_think() => Assert.InRange(Constants().Count, 40, 200);

    [Theory]
    [MemberData(nameof(Constants))]
    public async Task Statement_prepares(string name, string sql)
    {
        await using var bank = new Bank(LedgerDatabase.Open(servers.Postgres.ConnectionString(LedgerServers.Template)
            + ";Pooling=false"));
        var names = new List<string>();
        var numbered = Parameter().Replace(sql, match =>
        {
            var known = names.IndexOf(match.Groups[1].Value.ToUpperInvariant());
            if (known < 0)
            {
                known = names.Count;
                names.Add(match.Groups[1].Value.ToUpperInvariant());
            }

            return $"${known + 1}";
        });

        var statement = numbered.TrimStart().StartsWith("create", StringComparison.Ordinal)
            ? numbered
            : $"prepare tried as {numbered}";
        try
        {
            await bank.ExecuteAsync(statement);
        }
        catch (Npgsql.PostgresException fault)
        {
            Assert.Fail($"{name}: {fault.MessageText} at {fault.Position}\n{statement}");
        }
    }

    [GeneratedRegex("@([A-Za-z][A-Za-z0-9]*)")]
    private static partial Regex Parameter();
}
