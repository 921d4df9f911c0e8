"""Russian words for what an export of a person's data shows: every type of event has one."""

from __future__ import annotations

from typing import Final

EVENT_TITLES: Final[dict[str, str]] = {
    "school-opened": "Школа открыта",
    "regulation-adopted": "Принят регламент ведения журнала",
    "work-kinds-defined": "Заданы виды работ",
    "grading-system-defined": "Задана система оценивания",
    "subject-defined": "Задан предмет",
    "room-defined": "Задано помещение",
    "academic-year-opened": "Открыт учебный год",
    "cycle-defined": "Задана учебная неделя",
    "grading-periods-defined": "Заданы учебные периоды",
    "breaks-defined": "Заданы каникулы",
    "holidays-defined": "Заданы праздничные дни",
    "bell-schedule-defined": "Задано расписание звонков",
    "readiness-date-set": "Задан срок готовности к году",
    "period-closed": "Период закрыт",
    "period-reopened": "Период открыт снова",
    "academic-year-closed": "Учебный год закрыт",
    "academic-year-reopened": "Учебный год открыт снова",
    "staff-member-employed": "Приём на работу",
    "staff-member-left": "Последний день работы",
    "staff-position-changed": "Изменена должность",
    "staff-positions-corrected": "Исправлены должности",
    "staff-qualified": "Преподаваемые предметы и категория",
    "pupil-enrolled": "Зачисление",
    "pupil-transferred": "Перевод в другой класс",
    "pupil-left": "Выбытие",
    "pupil-returned": "Возвращение",
    "group-joined": "Включение в группу",
    "group-left": "Выход из группы",
    "pupil-promoted": "Перевод в следующий класс",
    "class-stays-corrected": "Исправлено движение по классам",
    "group-stays-corrected": "Исправлено движение по группам",
    "individual-plan-set": "Назначен индивидуальный план",
    "individual-plan-ended": "Индивидуальный план окончен",
    "guardian-registered": "Зарегистрирован представитель",
    "guardianship-established": "Представительство установлено",
    "guardianship-ended": "Представительство окончено",
    "person-name-corrected": "Исправлено имя",
    "birth-date-corrected": "Исправлена дата рождения",
    "external-id-linked": "Связан с записью другой программы",
    "curriculum-adopted": "Принят учебный план",
    "curriculum-assigned": "Классу назначен учебный план",
    "pupil-curriculum-assigned": "Назначен учебный план",
    "pupil-curriculum-ended": "Учебный план окончен",
    "class-formed": "Сформирован класс",
    "class-teacher-appointed": "Назначен классный руководитель",
    "teaching-group-formed": "Сформирована группа",
    "journal-opened": "Открыт журнал",
    "teacher-assigned": "Назначена нагрузка",
    "teacher-unassigned": "Нагрузка снята",
    "thematic-plan-adopted": "Принято тематическое планирование",
    "thematic-plan-revised": "Изменено тематическое планирование",
    "journal-scheduled": "Составлено расписание",
    "timetable-rules-adopted": "Приняты правила расписания",
    "extra-lesson-planned": "Назначен дополнительный урок",
    "topic-recorded": "Записана тема урока",
    "topic-corrected": "Исправлена тема урока",
    "homework-set": "Задано на дом",
    "homework-corrected": "Исправлено домашнее задание",
    "roll-taken": "Отмечены отсутствующие",
    "attendance-corrected": "Исправлена посещаемость",
    "mark-recorded": "Выставлена отметка",
    "mark-corrected": "Исправлена отметка",
    "mark-withdrawn": "Отменена отметка",
    "recommendation-given": "Дана рекомендация",
    "lesson-substituted": "Замена урока",
    "substitution-corrected": "Исправлена замена",
    "lesson-moved": "Урок перенесён",
    "lesson-cancelled": "Урок отменён",
    "lesson-reinstated": "Урок восстановлен",
    "lesson-listed": "Изменения дня",
    "control-norms-adopted": "Приняты нормы контрольных работ",
    "control-work-planned": "Назначена контрольная работа",
    "control-work-moved": "Контрольная работа перенесена",
    "control-work-cancelled": "Контрольная работа отменена",
    "final-mark-decided": "Выставлена итоговая отметка",
    "final-mark-corrected": "Исправлена итоговая отметка",
    "final-mark-withdrawn": "Отменена итоговая отметка",
    "diary-acknowledged": "Ознакомление с дневником",
    "period-marks-acknowledged": "Ознакомление с итоговыми отметками",
    "recommendation-acknowledged": "Ознакомление с рекомендацией",
    "consent-purpose-defined": "Задана цель обработки",
    "consent-given": "Дано согласие",
    "consent-refused": "Отказ в согласии",
    "consent-withdrawn": "Согласие отозвано",
    "consent-corrected": "Исправлена запись о согласии",
    "consent-struck": "Запись о согласии вычеркнута",
    "correction-requested": "Запрошено исправление",
    "correction-approved": "Исправление разрешено",
    "correction-rejected": "В исправлении отказано",
    "correction-withdrawn": "Запрос на исправление отозван",
    "correction-made": "Исправление внесено",
    "account-opened": "Открыта учётная запись",
    "role-granted": "Выдана роль",
    "role-revoked": "Роль отозвана",
    "token-issued": "Выдан ключ доступа",
    "token-end-set": "Ключ доступа заменён",
    "token-revoked": "Ключ доступа отозван",
    "code-issued": "Выдан одноразовый код",
    "code-used": "Использован одноразовый код",
    "code-revoked": "Одноразовый код отозван",
    "password-set": "Задан пароль",
    "factor-added": "Добавлен второй фактор",
    "factor-removed": "Убран второй фактор",
    "recovery-codes-made": "Выданы запасные коды",
    "recovery-code-used": "Использован запасной код",
    "account-locked": "Учётная запись заблокирована",
    "account-unlocked": "Учётная запись разблокирована",
    "account-suspended": "Учётная запись приостановлена",
    "credentials-reset": "Средства доступа сброшены",
    "breach-settled": "Разбирательство окончено",
    "breach-reported": "Сообщено о компрометации",
    "breach-notice-received": "Получено уведомление о компрометации",
    "breach-notice-confirmed": "Уведомление подтверждено",
    "breach-credentials-reset": "Средства доступа сброшены после компрометации",
    "breach-window-narrowed": "Период недействительности сужен",
    "breach-widening-proposed": "Предложено расширить период недействительности",
    "breach-window-widened": "Период недействительности расширен",
    "invalidation-proposed": "Предложено признать операции недействительными",
    "events-invalidated": "Операции признаны недействительными",
    "operations-reaffirmed": "Операции подтверждены",
    "invalidation-revoked": "Признание недействительными отменено",
    "dependent-decided": "Решение о зависимой записи",
    "breach-closed": "Дело о компрометации закрыто",
    "import-begun": "Начат импорт",
    "import-applied": "Импорт применён",
    "import-undone": "Импорт отменён",
    "erasure-requested": "Запрошено удаление персональных данных",
    "erasure-rejected": "В удалении отказано",
    "erasure-approved": "Удаление одобрено",
    "key-destroyed": "Ключ уничтожен",
    "events-voided": "Записи признаны недействительными",
    "events-restored": "Записи снова действительны",
}
"""By stored name without the number of its shape."""

TITLE: Final = "Сведения о персональных данных"
ABOUT: Final = "Записи, которые касаются лица"
RECORDED: Final = "Что внесено под его учётными записями"
NOTICES: Final = "Уведомления"
LOOKS: Final = "Кто просматривал данные"
STREAMS: Final = "Где хранится"
COLUMNS: Final = ("№", "Когда", "Что", "Чем связано", "Содержание")
SESSIONS: Final = "Сеансы"
SESSION_COLUMNS: Final = ("Начат", "Последний раз", "Программа")
FACTORS: Final = "Вторые факторы входа"
FACTOR_COLUMNS: Final = ("Название", "Добавлен")
RECORDED_COLUMNS: Final = ("№", "Когда", "Что")
NOTICE_COLUMNS: Final = ("Вид", "Создано", "Отправлено")
VOID: Final = "признано недействительным"
ERASED_TEXT: Final = "(уничтожено)"
OTHERS_TEXT: Final = "(данные другого лица)"
LAW: Final = "Выдано по статье 14 Федерального закона от 27.07.2006 № 152-ФЗ «О персональных данных»."
NOTHING: Final = "Нет."
OWN: Final = "собственная запись"
STREAM_KINDS: Final[dict[str, str]] = {
    "pupil": "обучающийся",
    "staff": "работник",
    "guardian": "законный представитель",
    "account": "учётная запись",
    "correction": "запрос на исправление",
    "acknowledgements": "ознакомление",
    "erasure": "удаление персональных данных",
    "consents": "согласия",
}


def title_of(stored_name: str) -> str:
    """Answer what a type of event is called; its stored name where nobody has said."""
    name = stored_name.partition("/")[0]
    return EVENT_TITLES.get(name, name)
