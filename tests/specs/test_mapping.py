"""A mapping file says where each field of a submission is found; a row is refused by the name of its column."""

from datetime import UTC, datetime

import pytest

from services.intake.drafting import to_submission
from services.intake.mapping import CsvMap, InvalidMapping, parse_mapping, read_mapping
from services.intake.submission import InvalidSubmission, Problem, Submission

NOW = datetime(2026, 3, 2, 4, 0, tzinfo=UTC)
ROW = {
    "Id": "17",
    "Where": "Web",
    "Issue": "坏了",
    "Detail": "",
    "Words": " 收到货就是坏的 ",
    "Phone": "13800000000",
    "Mail": "",
    "Wants": "退款| 道歉 ||",
    "Date": "02/03/2026 20:50",
}


def mapping(complaint: str = "", customer: str = 'name = "顾客 {Id}"', csv: str = "", **usual: str) -> CsvMap:
    """A small mapping; `complaint` adds lines, keywords replace the usual ones."""
    fields = {"channel": '"shop"', "external_ref": '"shop-{Id}"', "text": '"{Words}"'} | usual
    lines = "\n".join(f"{name} = {source}" for name, source in fields.items())
    return parse_mapping(f"[csv]\n{csv}\n[complaint]\n{lines}\n{complaint}\n[customer]\n{customer}\n")


def submission(mapped: CsvMap, **cells: str) -> Submission:
    return to_submission(ROW | cells, mapped, NOW)


def problems(mapped: CsvMap, **cells: str) -> list[Problem]:
    with pytest.raises(InvalidSubmission) as invalid:
        submission(mapped, **cells)
    return list(invalid.value.problems)


@pytest.mark.clause("S004-1.1")
def test_a_row_becomes_the_submission_any_channel_would_send() -> None:
    assert submission(mapping()) == Submission.model_validate(
        {"channel": "shop", "external_ref": "shop-17", "text": "收到货就是坏的", "customer": {"name": "顾客 17"}}
    )


@pytest.mark.clause("S004-1.9")
@pytest.mark.parametrize(
    ("source", "text"),
    [
        ('"{Issue}: {Where}"', "坏了: Web"),
        ('["{Detail}", "{Issue}"]', "坏了"),
        ('["{Issue}: {Detail}", "{Issue}"]', "坏了"),
        ('["{Issue}: {Where}", "{Issue}"]', "坏了: Web"),
        ('"{{{ Issue }}}"', "{坏了}"),
        ('{ from = "{Issue}", values = { "坏了" = "损坏" } }', "损坏"),
        ('{ from = "{Issue}", values = { "旧" = "旧" }, otherwise = "其他" }', "其他"),
    ],
)
def test_a_field_is_a_column_a_template_or_the_first_that_is_not_empty(source: str, text: str) -> None:
    assert submission(mapping(text=source)).text == text


@pytest.mark.clause("S004-1.1")
def test_a_value_map_may_name_the_channel() -> None:
    assert submission(mapping(channel='{ from = "{Where}", values = { Web = "web" } }')).channel == "web"


@pytest.mark.clause("S004-1.11")
def test_demands_are_cut_at_the_separator_and_each_may_be_mapped() -> None:
    mapped = mapping('demands = [{ from = "{Wants}", separator = "|" }, "{Detail}", "换货"]')
    assert submission(mapped).demands == ("退款", "道歉", "换货")
    mapped = mapping('demands = { from = "{Wants}", separator = "|", values = { "退款" = "refund", "道歉" = "" } }')
    assert submission(mapped).demands == ("refund",)


@pytest.mark.clause("S004-1.8")
def test_contacts_without_an_address_are_left_out() -> None:
    contacts = '[{ medium = "email", address = "{Mail}" }, { medium = "phone", address = "{Phone}" }]'
    found = submission(mapping(customer=f"contacts = {contacts}")).customer
    assert [(contact.medium, contact.address) for contact in found.contacts] == [("phone", "13800000000")]


@pytest.mark.clause("S004-1.8")
def test_a_row_without_name_and_contact_is_refused_by_all_columns_that_could_hold_them() -> None:
    mapped = mapping(customer='name = "{Detail}"\ncontacts = [{ medium = "email", address = "{Mail}" }]')
    assert [(problem.field, problem.code) for problem in problems(mapped)] == [("Detail, Mail", "empty")]


@pytest.mark.clause("S004-1.9")
@pytest.mark.parametrize(
    ("moment", "cell", "instant"),
    [
        ('format = "%d/%m/%Y %H:%M", timezone = "Asia/Shanghai"', "02/03/2026 11:50", "2026-03-02T03:50:00+00:00"),
        ('format = "%Y-%m-%d", timezone = "Asia/Shanghai"', "2026-03-02", "2026-03-01T16:00:00+00:00"),
        ('timezone = "Asia/Shanghai"', "2026-03-02T11:50:00", "2026-03-02T03:50:00+00:00"),
        ('timezone = "Asia/Shanghai"', "2026-03-02T03:50:00Z", "2026-03-02T03:50:00+00:00"),
    ],
)
def test_times_are_read_in_the_zone_of_the_mapping_unless_they_carry_their_own(
    moment: str, cell: str, instant: str
) -> None:
    mapped = mapping(f'occurred_at = {{ from = "{{Date}}", {moment} }}')
    assert submission(mapped, Date=cell).occurred_at == datetime.fromisoformat(instant)


@pytest.mark.clause("S004-1.9")
def test_a_row_without_a_time_is_received_now() -> None:
    mapped = mapping('occurred_at = { from = "{Date}", timezone = "Asia/Shanghai" }')
    assert submission(mapped, Date=" ").occurred_at is None


@pytest.mark.clause("S004-1.9")
@pytest.mark.parametrize(
    ("cells", "column", "code"),
    [
        ({"Words": "  "}, "Words", "empty"),
        ({"Words": "长" * 20_001}, "Words", "string_too_long"),
        ({"Words": "钟\x07"}, "Words", "value_error"),
        ({"Id": ""}, "Id", "empty"),
        ({"Id": "1" * 201}, "Id", "string_too_long"),
        ({"Where": "Fax"}, "Where", "unknown_value"),
        ({"Wants": "|".join(map(str, range(21)))}, "Wants", "too_long"),
        ({"Wants": "a|" + "长" * 1_001}, "Wants", "string_too_long"),
        ({"Phone": "0" * 201}, "Phone", "string_too_long"),
        ({"Date": "gestern"}, "Date", "bad_date"),
        ({"Date": "0001-01-01"}, "Date", "bad_date"),
        ({"Date": "2026-03-03"}, "Date", "in_the_future"),
        ({"Date": "1901-01-01"}, "Date", "too_old"),
    ],
)
def test_a_row_is_refused_in_both_languages_by_the_name_of_its_column(
    cells: dict[str, str], column: str, code: str
) -> None:
    mapped = mapping(
        'demands = [{ from = "{Wants}", separator = "|" }]\n'
        'occurred_at = { from = "{Date}", timezone = "Asia/Shanghai" }',
        'name = "顾客"\ncontacts = [{ medium = "phone", address = "{Phone}" }]',
        channel='{ from = "{Where}", values = { Web = "web" } }',
    )
    (problem,) = problems(mapped, **({"Date": ""} | cells))
    assert (problem.field, problem.code) == (column, code)
    assert problem.zh
    assert problem.en


@pytest.mark.clause("S004-1.9")
def test_every_problem_of_a_row_is_named_at_once() -> None:
    assert [problem.field for problem in problems(mapping(), Words="", Id="")] == ["Id", "Words", "Id"]


def test_a_constant_that_is_wrong_is_named_by_its_field() -> None:
    assert [problem.field for problem in problems(mapping(channel='"My Shop"'))] == ["channel"]


@pytest.mark.parametrize(
    ("condition", "wanted"),
    [
        ('{ column = "Where", equals = "Web" }', True),
        ('{ column = "Where", equals = ["Fax", "Web"] }', True),
        ('{ column = "Where", equals = "Fax" }', False),
        ('{ column = "Detail", empty = true }', True),
        ('{ column = "Detail", empty = false }', False),
        ('{ column = "Where", equals = "Web" }, { column = "Detail", empty = false }', False),
    ],
)
def test_only_rows_that_meet_every_condition_are_wanted(condition: str, wanted: bool) -> None:
    assert mapping(csv=f"where = [{condition}]").wants(ROW) is wanted


@pytest.mark.clause("S004-1.2")
def test_a_column_nobody_spoke_of_is_reported_and_an_ignored_one_is_not() -> None:
    mapped = mapping(csv='ignore = ["Issue", "Gone"]\nwhere = [{ column = "Where", empty = false }]')
    assert mapped.unmapped(["Id", "Words", "Issue", "Where", "Mail"]) == ("Mail",)


@pytest.mark.parametrize(
    ("header", "message"),
    [
        (["Id", "Word"], "complaint.text: the CSV has no column 'Words'; did you mean 'Word'?"),
        (["Id"], "complaint.text: the CSV has no column 'Words'; it has 'Id'"),
        (["Id", "Words", "Id"], "the CSV has 2 columns 'Id', it is unclear which one is meant"),
        (["Id", "Words", "shop"], 'complaint.channel: "shop" is a column, write "{shop}"'),
    ],
)
def test_a_mapping_that_does_not_fit_the_header_is_refused(header: list[str], message: str) -> None:
    with pytest.raises(InvalidMapping) as refused:
        mapping().unmapped(header)
    assert message in str(refused.value)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[csv", "not TOML"),
        (
            "[complaint]\n[customer]",
            "complaint.channel: missing; complaint.external_ref: missing; complaint.text: missing",
        ),
        ('[customer]\nnme = "x"', "customer.nme: unknown key; there are name, member_id, preferred, contacts"),
        ('[csv]\nencoding = "utf-16"', "csv.encoding: Input should be 'utf-8'"),
        ("[csv]\nheader = false", "csv: give columns exactly where header = false"),
        ('[csv]\nwhere = [{ column = "a" }]', 'csv.where.0: expected equals = "…"'),
        ("[customer]", "customer: a name or one contact is needed"),
        ('[complaint]\ntext = "same"', "complaint.text: 'same' is the same for every row"),
        ('[complaint]\nexternal_ref = ["{Id}", "same"]', "complaint.external_ref: 'same' is the same for every row"),
        ('[complaint]\ntext = "{Words"', "complaint.text.from.0: a single '{' in '{Words'"),
        ('[complaint]\ntext = { from = "{a}", otherwise = "b" }', "complaint.text: otherwise goes with values"),
        ('[complaint]\noccurred_at = { from = "{a}" }', "complaint.occurred_at.timezone: missing"),
        ('[complaint]\noccurred_at = { from = "{a}", timezone = "Mars" }', "unknown time zone 'Mars'"),
        ('[complaint]\noccurred_at = { from = "{a}", timezone = "UTC", format = "%Q" }', "'%Q' is not a date format"),
        ('[customer]\ncontacts = [{ medium = "owl", address = "{a}" }]', "customer.contacts.0.medium: Input should be"),
    ],
)
def test_a_wrong_mapping_is_refused_with_its_place_and_cure(text: str, message: str) -> None:
    with pytest.raises(InvalidMapping) as refused:
        parse_mapping(text)
    assert message in str(refused.value)


def test_comments_do_not_change_a_mapping_but_fields_do() -> None:
    assert mapping("# why").digest == mapping().digest
    assert mapping('product = "{Issue}"').digest != mapping().digest


def test_shipped_mappings_are_found_by_name() -> None:
    assert read_mapping("zh-complaints").csv.where[0].equals == ("complaint",)
    with pytest.raises(InvalidMapping, match="shipped are cfpb, cfpb-metadata, cfpb-narratives, zh-complaints"):
        read_mapping("no-such-map")
